#include "parquet/read_memory.h"

#include <algorithm>

#include "parquet/batch_size.h"

namespace spillway::parquet {
namespace {

// The largest page of a column chunk: as it is stored, and decompressed.
struct PageSize {
  int64_t stored_bytes = 0;
  int64_t decompressed_bytes = 0;
};

PageSize LargestPage(const ColumnChunkFacts& chunk, int64_t assumed_page_bytes) {
  if (!chunk.largest_page_bytes) {
    return {.stored_bytes = std::min(assumed_page_bytes, chunk.compressed_bytes),
            .decompressed_bytes = std::min(assumed_page_bytes, chunk.uncompressed_bytes)};
  }
  // Pages of one column compress alike: the chunk's ratio, doubled, stands for the worst page's.
  const double ratio = static_cast<double>(chunk.uncompressed_bytes) /
                       static_cast<double>(std::max<int64_t>(1, chunk.compressed_bytes));
  const double likely = 2 * ratio * static_cast<double>(*chunk.largest_page_bytes);
  return {.stored_bytes = *chunk.largest_page_bytes,
          .decompressed_bytes = static_cast<int64_t>(
              std::min(likely, static_cast<double>(chunk.uncompressed_bytes)))};
}

}  // namespace

ReadMemory EstimateReadMemory(const Footer& footer, const RowGroupFacts& row_group,
                              const std::vector<int>& leaves, const ReadMemoryOptions& options) {
  ReadMemory memory;
  for (const int leaf : leaves) {
    const ColumnChunkFacts& chunk = row_group.columns[static_cast<size_t>(leaf)];
    const PageSize page = LargestPage(chunk, options.assumed_page_bytes);
    // A dictionary stays in memory twice, as its page and as the decoded values.
    const int64_t dictionary =
        chunk.has_dictionary ? 2 * std::min(options.assumed_page_bytes, chunk.uncompressed_bytes)
                             : 0;
    memory.page_bytes +=
        options.buffer_bytes + page.stored_bytes + page.decompressed_bytes + dictionary;
  }
  const BatchSize batch(footer, row_group, leaves, options.batch_rows, options.batch_bytes);
  // Where the footer does not tell the size, batches may grow to what they are aimed at.
  const double bytes = batch.is_known()
                           ? batch.bytes_per_row() * static_cast<double>(batch.next_rows())
                           : static_cast<double>(options.batch_bytes);
  memory.batch_bytes = static_cast<int64_t>(bytes);
  return memory;
}

}  // namespace spillway::parquet
