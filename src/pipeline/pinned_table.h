// An input table pinned at one version, ready to be read: its snapshot, its data files in an order
// that is the same in every run, and what the footers say of the columns that are wanted.
//
// The ordinal of a row counts the physical rows of the files in that order, deleted ones included,
// so that it names the row for good.
//
// Thread rule: immutable once made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "base/status.h"
#include "delta/snapshot.h"
#include "join/payload.h"
#include "parquet/reader.h"
#include "pipeline/left_out_rows.h"
#include "pipeline/source_use.h"
#include "pipeline/value_bounds.h"
#include "pipeline/work_sizes.h"

namespace spillway::pipeline {

struct PinnedRowGroup {
  int64_t first_row = 0;                 // within the file
  int64_t num_rows = 0;                  // deleted ones included
  int64_t deleted_rows = 0;              // by the file's deletion vector
  int64_t compressed_bytes = 0;          // of the wanted columns, as stored
  bool left_out = false;                 // no row of it is read
  std::vector<ValueBounds> bounds = {};  // see PinnedTable::BoundsOf
};

// By wanted column: why it cannot be copied as it is stored; empty where it can.
using CopyReasons = std::vector<std::string_view>;

struct PinnedFile {
  delta::DataFile data_file;  // without the log's statistics
  int64_t first_ordinal = 0;
  int64_t num_rows = 0;                    // deleted ones included
  std::vector<PinnedRowGroup> row_groups;  // none where the file is left out
  bool left_out = false;                   // no row of it is read
  bool keeps_all_rows = false;             // the table's RowPruner knows that none is dropped
  std::shared_ptr<const CopyReasons> why_not_copied;  // one for all files with the same reasons
  int64_t parsed_footer_bytes = 0;                    // of all its row groups at once

  int64_t end_ordinal() const { return first_ordinal + num_rows; }
};

// The rows that the file's deletion vector drops, by row group of its footer. Errors: those of
// delta::Snapshot::DeletedRows.
Result<std::vector<int64_t>> CountDeletedRows(const delta::Snapshot& snapshot,
                                              const delta::DataFile& file,
                                              const parquet::StoredFooter& footer);

// The footer of a file that was pinned. Fails with kCorruptDataFile where it has other row groups
// by now, and as StoredFooter::Read.
Result<std::unique_ptr<const parquet::StoredFooter>> ReadFooterAgain(const PinnedFile& file);

// What one wanted column weighs over all files.
struct ColumnWeight {
  int64_t value_bytes = 0;       // decoded; of strings and nested values, where the footer does not
                                 // say, what their encoding lets expect
  int64_t most_value_bytes = 0;  // of texts, what the values take at most, if the footers are right
  int64_t compressed_bytes = 0;  // as stored
  arrow::Compression::type codec = arrow::Compression::SNAPPY;  // of its first column chunk
  // Of texts in dictionaries alone: all different values, or more; of lookups only.
  std::optional<join::ValueSet> values = std::nullopt;
  bool is_plain = false;  // no dictionary pays: its first column chunk has none, or gave it up
};

// What a RowPruner has left out of a table: files, row groups of other files, and live rows.
struct LeftOut {
  int64_t files = 0;
  int64_t row_groups = 0;
  int64_t rows = 0;
};

class RowPruner;

using WantedFile = std::function<bool(const std::string& path)>;

class PinnedTable {
 public:
  // Lists the files of `snapshot`, of which `wanted` (null: all) says which to take by their paths,
  // and reads their footers. `columns` are the wanted top-level columns of its schema, ascending.
  // `name` is what errors and the plan call the table. Errors: those of FileStream::Next and
  // parquet::ReadFooter.
  //
  // `pieces` are the sizes in which the table may be read (at least one): read_memory(i) is for
  // pieces[i]. `computed` says, by wanted column, what is read of it where a row group splices;
  // empty for a table of which nothing does. `bounded` are the wanted columns whose bounds are
  // kept. What `pruner`, if given, rules out is left out: it has ordinals, but is not read.
  static Result<std::unique_ptr<PinnedTable>> Make(
      std::string name, std::unique_ptr<delta::Snapshot> snapshot, std::vector<int> columns,
      std::vector<WorkSizes> pieces, std::vector<ColumnUse> computed = {},
      std::vector<size_t> bounded = {}, const WantedFile& wanted = nullptr,
      const RowPruner* pruner = nullptr);

  const std::string& name() const { return name_; }
  const delta::Snapshot& snapshot() const { return *snapshot_; }
  const std::vector<PinnedFile>& files() const { return files_; }
  int64_t physical_rows() const { return files_.empty() ? 0 : files_.back().end_ordinal(); }
  int64_t live_rows() const { return physical_rows() - deleted_rows_; }
  // Live rows of the row groups that are not left out: those that weights() are of.
  int64_t weighed_rows() const { return weighed_rows_; }
  const LeftOut& left_out() const { return left_out_; }
  const LeftOutRows& left_out_rows() const { return left_out_rows_; }
  int64_t bytes() const { return bytes_; }  // of the data files
  // What a file's footer takes while it is read, at most.
  int64_t largest_footer_bytes() const { return largest_footer_bytes_; }
  // What this table takes as long as the plan lives, and what plans are made of it.
  int64_t facts_bytes() const;

  const std::vector<int>& columns() const { return columns_; }
  // The wanted columns, in that order, partition columns among them.
  const std::shared_ptr<arrow::Schema>& read_schema() const { return read_schema_; }
  const std::vector<ColumnWeight>& weights() const { return weights_; }  // as columns()

  const std::vector<WorkSizes>& pieces() const { return pieces_; }
  // What reading needs at most in the i-th sizes, over all row groups: of whole rows, and of what
  // is computed with where row groups splice, with counting the NULLs of the columns copied there.
  const parquet::ReadMemory& read_memory(size_t i) const { return read_memory_[i]; }
  const parquet::ReadMemory& spliced_read_memory(size_t i) const { return spliced_read_memory_[i]; }

  // The bounds of a wanted column in a row group of the table; null where they were not kept.
  const ValueBounds* BoundsOf(const PinnedRowGroup& group, size_t column) const;

  // "predictions (/lake/predictions, version 3)", for errors.
  std::string Describe() const;

 private:
  struct LessReasons {
    bool operator()(const std::shared_ptr<const CopyReasons>& left,
                    const std::shared_ptr<const CopyReasons>& right) const {
      return *left < *right;
    }
  };

  PinnedTable(std::string name, std::unique_ptr<delta::Snapshot> snapshot, std::vector<int> columns,
              std::vector<WorkSizes> pieces, std::vector<ColumnUse> computed,
              std::vector<size_t> bounded);
  // A file of the log, and whether no row of it is wanted, or all are.
  struct ListedFile {
    delta::DataFile data_file;
    bool left_out = false;
    bool keeps_all_rows = false;

    // Its footer need not be read: nothing but the number of its rows is wanted.
    bool is_known() const { return left_out && data_file.num_records.has_value(); }
  };
  Result<std::vector<ListedFile>> ListFiles(const WantedFile& wanted,
                                            const RowPruner* pruner) const;

  // A file's footer, and a reader of its first row groups; none of a footer that is large.
  struct OpenedFile {
    Status status;
    std::unique_ptr<const parquet::StoredFooter> footer;
    std::unique_ptr<parquet::FileReader> first_reader;
  };
  size_t FilesAhead() const;
  OpenedFile OpenAhead(const ListedFile& listed, int64_t most_bytes) const;
  Result<std::vector<OpenedFile>> OpenAhead(std::span<const ListedFile> files) const;
  Result<std::unique_ptr<parquet::FileReader>> OpenRowGroups(
      const parquet::StoredFooter& footer, const parquet::RowGroupRange& row_groups) const;

  Status AddFile(ListedFile listed, OpenedFile opened, const RowPruner* pruner);
  Status CheckRows(const PinnedFile& file) const;
  // Takes a file, or a row group, of which no row is read.
  void LeaveOut(PinnedFile file, int64_t deleted_rows);
  void LeaveOut(const PinnedFile& file, const PinnedRowGroup& group);
  std::shared_ptr<const CopyReasons> CopyReasonsOf(const parquet::FileReader& file);
  std::vector<size_t> LeavesOf(const parquet::FileReader& file, size_t column) const;
  // `reader` is of the first row groups that are parsed at a time, or null.
  Status DescribeRowGroups(const parquet::StoredFooter& footer,
                           std::unique_ptr<parquet::FileReader> reader, const RowPruner* pruner,
                           PinnedFile* file);
  void Weigh(const parquet::FileReader& file, std::span<PinnedRowGroup> row_groups);
  Status KeepBounds(const parquet::FileReader& file, std::span<PinnedRowGroup> row_groups) const;
  Status CountValues(parquet::FileReader& file);
  Status EstimateMemory(parquet::FileReader& file, const PinnedFile& pinned);

  const std::string name_;
  const std::unique_ptr<delta::Snapshot> snapshot_;
  const std::vector<int> columns_;
  const std::vector<WorkSizes> pieces_;
  const std::vector<ColumnUse> computed_;
  const std::vector<size_t> bounded_;
  std::shared_ptr<arrow::Schema> read_schema_;
  // How files know the wanted columns; none for partition columns, which they do not hold.
  std::vector<std::optional<parquet::ReadColumn>> file_columns_;
  std::set<std::shared_ptr<const CopyReasons>, LessReasons> copy_reasons_;
  std::vector<PinnedFile> files_;
  std::vector<ColumnWeight> weights_;
  std::vector<parquet::ReadMemory> read_memory_;  // as pieces_
  std::vector<parquet::ReadMemory> spliced_read_memory_;
  int64_t deleted_rows_ = 0;
  int64_t weighed_rows_ = 0;
  LeftOut left_out_;
  LeftOutRows left_out_rows_;
  int64_t bytes_ = 0;
  int64_t largest_footer_bytes_ = 0;
  int64_t row_groups_ = 0;
};

// The first file that is not left out; there has to be one.
const PinnedFile& FirstRead(const PinnedTable& table);

// How a column of the snapshot is found in its files.
parquet::ReadColumn FileColumn(const delta::Snapshot& snapshot, int column);

// The wanted columns of `table` that stand in its files (partition columns stand in the log) and of
// which, by wanted column, `uses` reads something; empty uses read all values.
std::vector<parquet::ReadColumn> FileColumns(const PinnedTable& table,
                                             const std::vector<ColumnUse>& uses);

// `options` as the files of `snapshot` want them: columns are found by name, or by id.
parquet::ReadOptions ReadOptionsOf(const delta::Snapshot& snapshot, parquet::ReadOptions options);

// Whether top-level column `column` of the snapshot is a partition column.
bool IsPartitionColumn(const delta::Snapshot& snapshot, int column);

}  // namespace spillway::pipeline
