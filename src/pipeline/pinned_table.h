// An input table pinned at one version, ready to be read: its snapshot, its data files in an order
// that is the same in every run, and what the footers say of the columns that are wanted.
//
// The ordinal of a row counts the physical rows of the files in that order, deleted ones included,
// so that it names the row for good.
//
// Thread rule: immutable once made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "base/status.h"
#include "delta/snapshot.h"
#include "parquet/reader.h"

namespace spillway::pipeline {

struct PinnedFile {
  delta::DataFile data_file;
  int64_t first_ordinal = 0;
  int64_t num_rows = 0;                       // deleted ones included
  std::vector<int64_t> row_group_first_rows;  // within the file

  int64_t end_ordinal() const { return first_ordinal + num_rows; }
};

// What one wanted column weighs over all files.
struct ColumnWeight {
  int64_t value_bytes = 0;       // decoded; of strings and nested values, where the footer does not
                                 // say, what their encoding lets expect
  int64_t compressed_bytes = 0;  // as stored
  arrow::Compression::type codec = arrow::Compression::SNAPPY;  // of its first column chunk
};

class PinnedTable {
 public:
  // Lists the files of `snapshot` and reads their footers. `columns` are the wanted top-level
  // columns of its schema, ascending; `options` are those with which they are meant to be read.
  // `name` is what errors and the plan call the table. Errors: those of FileStream::Next and
  // parquet::ReadFooter.
  static Result<std::unique_ptr<PinnedTable>> Make(std::string name,
                                                   std::unique_ptr<delta::Snapshot> snapshot,
                                                   std::vector<int> columns,
                                                   const parquet::ReadOptions& options);

  const std::string& name() const { return name_; }
  const delta::Snapshot& snapshot() const { return *snapshot_; }
  const std::vector<PinnedFile>& files() const { return files_; }
  int64_t physical_rows() const { return files_.empty() ? 0 : files_.back().end_ordinal(); }
  int64_t live_rows() const { return physical_rows() - deleted_rows_; }
  int64_t bytes() const { return bytes_; }  // of the data files

  const std::vector<int>& columns() const { return columns_; }
  // The wanted columns, in that order, partition columns among them.
  const std::shared_ptr<arrow::Schema>& read_schema() const { return read_schema_; }
  const std::vector<ColumnWeight>& weights() const { return weights_; }  // as columns()

  // What reading needs at most, over all row groups: in the pieces that were meant, and in the
  // smallest ones.
  const parquet::ReadMemory& read_memory() const { return read_memory_; }
  const parquet::ReadMemory& smallest_read_memory() const { return smallest_read_memory_; }

  // "predictions (/lake/predictions, version 3)", for errors.
  std::string Describe() const;

 private:
  PinnedTable(std::string name, std::unique_ptr<delta::Snapshot> snapshot, std::vector<int> columns,
              const parquet::ReadOptions& options);
  Status AddFile(delta::DataFile data_file);
  Status Weigh(const parquet::FileReader& file);

  const std::string name_;
  const std::unique_ptr<delta::Snapshot> snapshot_;
  const std::vector<int> columns_;
  const parquet::ReadOptions options_;
  std::shared_ptr<arrow::Schema> read_schema_;
  std::vector<PinnedFile> files_;
  std::vector<ColumnWeight> weights_;
  parquet::ReadMemory read_memory_;
  parquet::ReadMemory smallest_read_memory_;
  int64_t deleted_rows_ = 0;
  int64_t bytes_ = 0;
};

// The wanted columns of `table` that stand in its files (partition columns stand in the log), as
// the Parquet reader wants them.
std::vector<parquet::ReadColumn> FileColumns(const PinnedTable& table);

// `options` as the files of `snapshot` want them: columns are found by name, or by id.
parquet::ReadOptions ReadOptionsOf(const delta::Snapshot& snapshot, parquet::ReadOptions options);

// Whether top-level column `column` of the snapshot is a partition column.
bool IsPartitionColumn(const delta::Snapshot& snapshot, int column);

}  // namespace spillway::pipeline
