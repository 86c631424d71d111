// What a Parquet file says about itself, as plain values: rows, row groups, and for every leaf
// column of a row group its bytes, encodings, codec and statistics. Nothing here was checked
// against the data; the facts are for planning, the reader checks what it decodes. Sizes end at
// kEndlessBytes, and bounds that are not in the order of the column's type are left out.
//
// Thread rule: immutable values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>
#include <arrow/util/type_fwd.h>

#include "base/status.h"

namespace spillway::parquet {

// A leaf column within one row group.
struct ColumnChunkFacts {
  int64_t num_values = 0;          // nulls included; more than the rows below a list or map
  int64_t first_byte = 0;          // where its first page starts, the dictionary's if it has one
  int64_t compressed_bytes = 0;    // all pages with their headers, as in the file
  int64_t uncompressed_bytes = 0;  // the same, decompressed but still encoded
  // BYTE_ARRAY only: what the values take once a dictionary is undone, without their lengths.
  std::optional<int64_t> unencoded_bytes;
  arrow::Compression::type codec{};
  // Its size is that of its values: every other encoding may be far smaller.
  bool is_plain = false;
  bool has_dictionary = false;
  bool gave_up_dictionary =
      false;                       // as too large: some of its pages have values instead of indices
  bool is_all_dictionary = false;  // the footer says of all of its pages that they have indices
  // Of data pages, from the offset index if the file has one and FooterOptions asked for it, or
  // from the headers of the pages once MeasurePages has read them.
  std::optional<int64_t> num_pages;
  std::optional<int64_t> largest_page_bytes;  // compressed
  std::optional<int64_t> longest_page_rows;
  // From the headers alone.
  std::optional<int64_t> largest_page_decompressed_bytes;
  std::optional<int64_t> dictionary_bytes;   // decompressed; of texts with 4 bytes of length each
  std::optional<int64_t> dictionary_values;  // as its header claims
};

// What the footer says of a column chunk's values.
struct ChunkStatistics {
  std::optional<int64_t> null_count;
  // Of the logical type; null = unknown. They bound the values: a writer may have cut long strings.
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
};

struct RowGroupFacts {
  int64_t first_row = 0;  // ordinal within the file
  int64_t num_rows = 0;
  int64_t compressed_bytes = 0;  // sums over the columns
  int64_t uncompressed_bytes = 0;
  std::vector<ColumnChunkFacts> columns;  // as Footer::leaves
};

struct LeafColumn {
  std::vector<std::string> path;  // {"a", "list", "element"}: the physical names from the root
  std::string physical_type;      // "INT64", "BYTE_ARRAY", ..
  int32_t type_bytes = 0;         // of one value in memory; 0 for BYTE_ARRAY
  int32_t root = 0;               // the top-level column that it is part of
  bool repeated = false;          // below a list or a map
  int32_t level_bits = 0;         // of one value's definition and repetition levels
};

struct Footer {
  std::string path;
  int64_t file_bytes = 0;
  int64_t footer_bytes = 0;  // serialised; it takes several times that in memory
  int64_t num_rows = 0;      // of `row_groups`
  std::string created_by;
  bool counts_nulls_right = false;  // its writer, see CountsNullsRight
  std::shared_ptr<arrow::Schema> schema;
  std::vector<LeafColumn> leaves;
  std::vector<RowGroupFacts> row_groups;
};

struct FooterOptions {
  arrow::MemoryPool* pool = nullptr;
  bool page_sizes = false;  // read the offset indexes too: one more read for each column chunk
};

// Reads the footer of the file at `path`. `expected_size_bytes` is the size that the table's log
// gives, or -1. Fails with kDataFileMissing, with kCorruptDataFile (shorter than expected, no
// Parquet file, a footer that contradicts itself or the file's size), with kUnsupportedFeature
// (encrypted, or an unknown codec), with kStorage, or with kBudgetExceeded.
Result<Footer> ReadFooter(const std::string& path, int64_t expected_size_bytes,
                          const FooterOptions& options);

// The same from a file that is open already.
struct DataFile;
Result<Footer> DescribeFooter(const DataFile& file, bool page_sizes);

// Of one column chunk. Statistics are hints: those that cannot be read are unknown, not an error.
// Fails where memory runs out.
Result<ChunkStatistics> DescribeStatistics(const DataFile& file, int row_group, int leaf);

}  // namespace spillway::parquet
