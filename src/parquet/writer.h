// Writes record batches to a new Parquet file in bounded memory: what is buffered is one row
// group's encoded pages, and the row group is closed when it reaches a number of bytes or rows. The
// file is laid out as Spark reads it best: INT64 microseconds with the right UTC flag, decimals as
// INT32, INT64 or fixed bytes by their precision, three-level lists, dictionary pages with a limit,
// data pages v1, page index and statistics, no Arrow metadata.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "base/status.h"
#include "parquet/column_statistics.h"

namespace spillway::parquet {

struct ColumnCompression {
  arrow::Compression::type type{};
  std::optional<int> level;  // the codec's own default if absent
};

// A writer takes at most twice row_group_bytes from the pool, and for each leaf column about seven
// pages: values, levels, the page as it is compressed, a dictionary and its hash table.
struct WriteOptions {
  arrow::MemoryPool* pool = nullptr;
  arrow::Compression::type compression = arrow::Compression::SNAPPY;
  std::optional<int> compression_level;
  std::map<std::string, ColumnCompression> column_compression;  // by top-level column
  int64_t row_group_bytes = 128 * 1024 * 1024;  // encoded and compressed, as far as it is yet
  int64_t row_group_rows = 1024 * 1024;
  int64_t page_bytes = 1024 * 1024;
  int64_t dictionary_page_bytes = 1024 * 1024;  // a larger dictionary is given up; 0 = none at all
  std::set<std::string> plain_columns;          // top-level columns that are better without one
};

// A file that has so many row groups is to be ended: Parquet numbers them in 16 bits, and one more
// batch may become several.
inline constexpr int64_t kMostRowGroups = 30'000;

struct WrittenFile {
  std::string path;
  int64_t size_bytes = 0;
  int64_t num_rows = 0;
  std::vector<ColumnStatistics> columns =
      {};  // in schema order, depth first, structs themselves left out
};

// Whether a column of `type` is encoded by the page: it has no structure, and is no decimal. Of
// others, pages with a dictionary wait in small blocks until their row group ends.
bool IsEncodedByPage(const arrow::DataType& type);

// Whether a column of `type` may come as a dictionary of its values: numbers, dates, timestamps,
// texts and binaries, but no decimals and nothing below other types.
bool MayBeDictionary(const arrow::DataType& type);

class FileWriter {
 public:
  // Creates the file, which must not exist; its folder must. Fails with kUnsupportedType where a
  // column's type is none of Delta's (bool, int8..int64, float, double, decimal up to 38 digits,
  // string, binary, date32, timestamp in microseconds with zone UTC or none, struct, list, map),
  // with kValueOutOfRange where the codec is not available, with kReadOnlyStorage, kStorageFull or
  // kStorage.
  static Result<std::unique_ptr<FileWriter>> Open(std::string path,
                                                  std::shared_ptr<arrow::Schema> schema,
                                                  const WriteOptions& options);

  // Removes the file unless Close succeeded.
  ~FileWriter();

  // Appends the rows of `batch`, whose columns have the schema's types in the schema's order, or
  // are dictionaries of them, of int32 or uint16, where MayBeDictionary. After a failure
  // (kStorageFull, kReadOnlyStorage, kStorage, kBudgetExceeded; kInternal for a batch that does not
  // fit the schema, such as NULL in a column that may have none) only Abort is allowed.
  Status Write(const arrow::RecordBatch& batch);

  // What the file would take if it were closed now, roughly: the bytes written and those buffered
  // (pages not yet compressed at their full size). It may shrink a little when a row group is
  // closed.
  int64_t bytes_written() const;
  int64_t rows_written() const;
  int64_t row_groups_written() const;  // the open one among them

  // Writes the footer and makes the file and its name durable. A failure removes the file.
  Result<WrittenFile> Close();

  // Removes the file. It is allowed at any time before Close succeeded, and more than once.
  Status Abort();

 private:
  struct Impl;
  explicit FileWriter(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::parquet
