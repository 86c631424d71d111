#include "parquet/read_memory.h"

#include <algorithm>

#include "base/units.h"
#include "parquet/batch_size.h"
#include "parquet/data_pages.h"
#include "parquet/text_column_reader.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kWidestSlotBytes = 16;  // of any Delta type: a decimal's

// Writers end a page at 1 MiB or so. What is much larger may be one long value, which a batch of
// average rows does not foresee.
constexpr int64_t kLongestUsualPage = 4 * kMiB;

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
  if (chunk.largest_page_decompressed_bytes) {
    return {.stored_bytes = *chunk.largest_page_bytes,
            .decompressed_bytes = *chunk.largest_page_decompressed_bytes};
  }
  // Pages of one column compress alike: the chunk's ratio, doubled, stands for the worst page's.
  const double ratio = static_cast<double>(chunk.uncompressed_bytes) /
                       static_cast<double>(std::max<int64_t>(1, chunk.compressed_bytes));
  const double likely = 2 * ratio * static_cast<double>(*chunk.largest_page_bytes);
  return {.stored_bytes = *chunk.largest_page_bytes,
          .decompressed_bytes = static_cast<int64_t>(
              std::min(likely, static_cast<double>(chunk.uncompressed_bytes)))};
}

// A dictionary stays in memory twice, as its page and as the decoded values.
int64_t DictionaryBytes(const ColumnChunkFacts& chunk, int64_t assumed_page_bytes) {
  if (!chunk.has_dictionary) return 0;
  return 2 *
         chunk.dictionary_bytes.value_or(std::min(assumed_page_bytes, chunk.uncompressed_bytes));
}

// The most that levels of one page take, as the usual writers store them: for eight values at
// least, each kind of level has a byte in front.
int64_t LevelBytes(const LeafColumn& leaf, const ColumnChunkFacts& chunk, const PageSize& page) {
  const int64_t values =
      leaf.repeated ? chunk.num_values : chunk.longest_page_rows.value_or(chunk.num_values);
  const int bytes_per_eight = leaf.level_bits + (leaf.repeated ? 2 : 1);
  const double bytes = static_cast<double>(values) / 8 * bytes_per_eight;
  return static_cast<int64_t>(std::min(bytes, static_cast<double>(page.decompressed_bytes)));
}

}  // namespace

// As DataPages reads them: it enlarges its buffers by doubling.
int64_t LevelReadBytes(const LeafColumn& leaf, const ColumnChunkFacts& chunk,
                       int64_t assumed_page_bytes) {
  constexpr int64_t kHeaderBytes = 16 * 1024;  // statistics: four values of 4 KiB, as Arrow writes
  const PageSize page = LargestPage(chunk, assumed_page_bytes);
  const int64_t levels = DataPages::kLeastBytes + 2 * LevelBytes(leaf, chunk, page);
  const int64_t window = levels + kHeaderBytes;
  if (chunk.codec == arrow::Compression::UNCOMPRESSED) return window;
  if (PartialDecompressor::StopsEarly(chunk.codec)) {
    return window + 2 * PartialDecompressor::BlockBytes(chunk.codec) + levels;
  }
  return window + page.stored_bytes + page.decompressed_bytes;
}

void ReadMemory::RaiseTo(const ReadMemory& other) {
  page_bytes = std::max(page_bytes, other.page_bytes);
  batch_bytes = std::max(batch_bytes, other.batch_bytes);
  long_value_bytes = std::max(long_value_bytes, other.long_value_bytes);
  long_value_excess_bytes = std::max(long_value_excess_bytes, other.long_value_excess_bytes);
}

ReadMemory EstimateReadMemory(const Footer& footer, const RowGroupFacts& row_group,
                              const std::vector<int>& leaves,
                              const std::vector<int>& validity_leaves,
                              const ReadMemoryOptions& options) {
  ReadMemory memory;
  for (const int leaf : leaves) {
    const ColumnChunkFacts& chunk = row_group.columns[static_cast<size_t>(leaf)];
    const PageSize page = LargestPage(chunk, options.assumed_page_bytes);
    memory.page_bytes += options.buffer_bytes + page.stored_bytes + page.decompressed_bytes +
                         DictionaryBytes(chunk, options.assumed_page_bytes);
    const int64_t longest = std::max(page.decompressed_bytes, chunk.dictionary_bytes.value_or(0));
    const bool may_be_a_value = footer.leaves[static_cast<size_t>(leaf)].type_bytes == 0;
    if (!may_be_a_value) continue;
    memory.page_bytes += TextColumnReader::kGroupRowBytes *
                         std::min<int64_t>(chunk.num_values, TextColumnReader::kGroupRows);
    if (longest > kLongestUsualPage) {
      memory.long_value_bytes = std::max(memory.long_value_bytes, longest);
    }
  }
  const BatchSize batch(footer, row_group, leaves, options.batch_rows, options.batch_bytes);
  // Where the footer does not tell the size, batches may grow to what they are aimed at.
  const double bytes = batch.is_known()
                           ? batch.bytes_per_row() * static_cast<double>(batch.next_rows())
                           : static_cast<double>(options.batch_bytes);
  const int64_t rows = batch.is_known() ? batch.next_rows() : options.batch_rows;
  memory.batch_bytes = static_cast<int64_t>(bytes);
  memory.long_value_excess_bytes = std::clamp<int64_t>(
      rows * memory.long_value_bytes - memory.batch_bytes, 0, memory.long_value_bytes);
  for (const int leaf : validity_leaves) {
    const auto index = static_cast<size_t>(leaf);
    memory.page_bytes +=
        LevelReadBytes(footer.leaves[index], row_group.columns[index], options.assumed_page_bytes);
    memory.page_bytes += kWidestSlotBytes * rows;  // the zeros that all batches share
    memory.batch_bytes += rows / 8;
  }
  return memory;
}

}  // namespace spillway::parquet
