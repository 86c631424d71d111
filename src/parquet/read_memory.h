// What reading leaf columns of a row group takes from the pool, so far as the footer tells: the
// line of a plan's bound that stands for a source file.
//
// Thread rule: immutable values and a free function.
#pragma once

#include <cstdint>
#include <vector>

#include "parquet/footer.h"

namespace spillway::parquet {

struct ReadMemory {
  int64_t page_bytes = 0;   // buffers, pages (as stored and decompressed), dictionaries, levels
  int64_t batch_bytes = 0;  // one decoded batch, by what rows take on average
  // The longest value that there may be, where it is longer than usual pages are; else 0. And by
  // how much it makes a batch larger.
  int64_t long_value_bytes = 0;
  int64_t long_value_excess_bytes = 0;

  int64_t largest_batch_bytes() const { return batch_bytes + long_value_excess_bytes; }
  // The highest of each part.
  void RaiseTo(const ReadMemory& other);

  // While a batch is decoded its largest column exists up to three times, for Arrow's builders grow
  // by doubling; the batch before it may still be in use.
  int64_t total_bytes() const { return page_bytes + 4 * largest_batch_bytes(); }
};

struct ReadMemoryOptions {
  int64_t buffer_bytes = 0;
  int64_t batch_rows = 0;
  int64_t batch_bytes = 0;
  int64_t assumed_page_bytes = 0;  // decompressed, where the footer knows no page sizes
};

// For the `leaves` (indices) that are decoded, and the `validity_leaves` of which only the levels
// are.
ReadMemory EstimateReadMemory(const Footer& footer, const RowGroupFacts& row_group,
                              const std::vector<int>& leaves,
                              const std::vector<int>& validity_leaves,
                              const ReadMemoryOptions& options);

// What reading the levels of one column chunk takes. Where nothing tells how large its pages are,
// those of more than `assumed_page_bytes` are not expected.
int64_t LevelReadBytes(const LeafColumn& leaf, const ColumnChunkFacts& chunk,
                       int64_t assumed_page_bytes);

}  // namespace spillway::parquet
