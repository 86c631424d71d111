// Reads columns of one Parquet file as a stream of record batches, page by page: in memory are, for
// each column, one page, its dictionary and the batch, never a row group. All of it comes from the
// given pool (only the footer, which parquet-cpp keeps itself, does not).
//
// Columns come out exactly as wanted, whatever form Delta allows the file to have: timestamps of
// any unit, INT96 included, with or without the UTC flag; narrow integers, decimals and floats of a
// column that was widened later; strings without their annotation, or as a dictionary; two-level
// lists; struct fields in any order. What the file lacks is NULL.
//
// Whole pages are checked against their checksums, where they have one. Of a column of which only
// the validity is wanted no page is read whole, so that damage in its values goes unnoticed.
//
// Thread rule: a FileReader is used by one thread at a time; each stream that it made may then live
// on its own thread, and may outlive the reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "parquet/footer.h"
#include "parquet/read_memory.h"
#include "parquet/stored_footer.h"

namespace spillway::parquet {

// Keys of a wanted field's metadata, as the schema of a table with column mapping has them. The
// first names the file's column for a field inside a struct (a top-level one has
// ReadColumn::physical_name); a field without it has its own name in the file. The second is the
// key under which Arrow has the ids of a file's own fields too.
inline constexpr char kPhysicalNameKey[] = "delta.columnMapping.physicalName";
inline constexpr char kFieldIdKey[] = "PARQUET:field_id";

struct ReadOptions {
  arrow::MemoryPool* pool = nullptr;
  int64_t batch_rows = 64 * 1024;          // at most, for every batch
  int64_t buffer_bytes = 64 * 1024;        // read from the file at a time, for each leaf column
  int64_t batch_bytes = 32 * 1024 * 1024;  // aimed at: fewer rows make a batch if they are large
  bool use_field_ids = false;  // find columns by kFieldIdKey where the wanted field has one
  bool page_sizes = false;     // as FooterOptions
  bool threads = false;        // decode the columns of a batch side by side, in Arrow's threads
};

struct ReadColumn {
  std::string physical_name;            // the column's name in the file
  std::shared_ptr<arrow::Field> field;  // as it is wanted: name, type, nullability
  // Only which rows are NULL is wanted: the arrays are of the wanted type, but their values are
  // absent (ValidityReader::Next). Costs a few KiB of reading for each page, whatever the values.
  bool validity_only = false;
};

struct DataFile;

// A reader knows some row groups of its file, which follow each other and are numbered from 0, or
// all of them.
class FileReader {
 public:
  // Opens the file and checks its footer; fails as ReadFooter does. `expected_size_bytes` is the
  // size in the table's log, or -1.
  static Result<std::unique_ptr<FileReader>> Open(const std::string& path,
                                                  int64_t expected_size_bytes,
                                                  const ReadOptions& options);
  static Result<std::unique_ptr<FileReader>> Open(const StoredFooter& footer,
                                                  RowGroupRange row_groups,
                                                  const ReadOptions& options);
  ~FileReader();

  const Footer& footer() const;

  // Why the stored bytes of `column` cannot stand for the wanted field in another file, in words
  // for a plan: "timestamps of the old INT96 form"; empty where they can. The text lives as long as
  // the program.
  std::string_view WhyNotCopied(const ReadColumn& column) const;

  // The places in footer().leaves of all leaves of the file's column that holds `column`,
  // ascending; none where the file lacks it.
  std::vector<size_t> LeavesOf(const ReadColumn& column) const;

  const DataFile& data_file() const;  // for this folder

  // Streams the wanted columns of the row groups [first, first + count) in order. No row is dropped
  // or moved: the n-th row of the stream is row footer().row_groups[first].first_row + n of the
  // file. A batch never spans two row groups, and none is empty. No columns at all give batches
  // with a row count only.
  //
  // Fails at once, naming file and column, with kUnsupportedType where the file's types cannot
  // become the wanted ones, with kCorruptDataFile where a column that may not be null is missing,
  // and as OldCalendar does. While it streams, the reader fails with kCorruptDataFile (damaged
  // pages, too few rows, NULL in a column that has none), with kUnsupportedType (a value that does
  // not fit the wanted type), as OldCalendar does, with kStorage, or kBudgetExceeded.
  Result<std::unique_ptr<arrow::RecordBatchReader>> Read(const std::vector<ReadColumn>& columns,
                                                         int first_row_group, int row_groups) const;

  // For each of `ways` to read, the memory of such a stream over any row group, if the file were
  // opened so (pool and page_sizes do not matter): the highest of each part. Of column chunks with
  // more than `assumed_page_bytes`, page headers are read where no offset index tells how large
  // pages are (ReadOptions::page_sizes); a header that cannot be read counts as a page of that
  // size. Fails as Read does.
  Result<std::vector<ReadMemory>> EstimateMemory(const std::vector<ReadColumn>& columns,
                                                 const std::vector<ReadOptions>& ways,
                                                 int64_t assumed_page_bytes);

  // The memory in which the NULLs of one of `columns` after the other are counted: the most over
  // all row groups.
  int64_t EstimateCountMemory(const std::vector<ReadColumn>& columns,
                              int64_t assumed_page_bytes) const;

  // What the footer says of the values of a column chunk; as parquet::DescribeStatistics.
  Result<ChunkStatistics> StatisticsOf(size_t row_group, size_t leaf) const;

  // What the dictionary of a column chunk of texts takes, decompressed, each value with four bytes
  // of length: none where the footer does not say that all its pages have one, or where its header
  // cannot be read. Reads page headers. Fails where memory runs out.
  Result<std::optional<int64_t>> MeasureDictionary(size_t row_group, size_t leaf);

 private:
  struct Opened;
  explicit FileReader(std::unique_ptr<Opened> opened);

  std::unique_ptr<Opened> opened_;
};

}  // namespace spillway::parquet
