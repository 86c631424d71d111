#include "parquet/batch_size.h"

#include <algorithm>

#include "base/saturating.h"

namespace spillway::parquet {
namespace {

// A first batch of unknown size, and how fast batches may grow from there.
constexpr int64_t kFirstRows = 256;
constexpr int64_t kLargestGrowth = 4;

constexpr int64_t kOffsetBytes = 4;       // of one string in an Arrow array
constexpr int64_t kLevelBytes = 4;        // of one value below a list: two 16-bit levels
constexpr int64_t kWidestType = 1 << 20;  // fixed bytes: a footer may claim any length

}  // namespace

DecodedSize DecodedSizeOf(const LeafColumn& leaf, const ColumnChunkFacts& chunk) {
  const int64_t levels = leaf.repeated ? MultiplyBytes(chunk.num_values, kLevelBytes) : 0;
  if (leaf.type_bytes > 0 && leaf.type_bytes <= kWidestType) {
    return {.bytes = AddBytes(MultiplyBytes(chunk.num_values, leaf.type_bytes), levels)};
  }
  if (chunk.unencoded_bytes && *chunk.unencoded_bytes >= 0) {
    const int64_t offsets = MultiplyBytes(chunk.num_values, kOffsetBytes);
    return {.bytes = AddBytes(AddBytes(*chunk.unencoded_bytes, offsets), levels)};
  }
  return {.bytes = AddBytes(chunk.uncompressed_bytes, levels), .known = chunk.is_plain};
}

BatchSize::BatchSize(const Footer& footer, const RowGroupFacts& row_group,
                     const std::vector<int>& leaves, int64_t batch_rows, int64_t batch_bytes)
    : batch_rows_(std::max<int64_t>(1, batch_rows)), batch_bytes_(batch_bytes) {
  double bytes = 0;
  for (const int leaf : leaves) {
    const auto index = static_cast<size_t>(leaf);
    const DecodedSize size = DecodedSizeOf(footer.leaves[index], row_group.columns[index]);
    bytes += static_cast<double>(size.bytes);
    known_ &= size.known;
  }
  bytes_per_row_ = bytes / static_cast<double>(std::max<int64_t>(1, row_group.num_rows));
  next_rows_ = known_ ? batch_rows_ : kFirstRows / kLargestGrowth;
  Observe(0, 0);
}

void BatchSize::Observe(int64_t rows, int64_t bytes) {
  const double observed =
      rows > 0 ? static_cast<double>(bytes) / static_cast<double>(rows) : bytes_per_row_;
  // The footer's average is trusted as the least, so that a run of short values does not mislead.
  const double bytes_per_row = std::max({1.0, bytes_per_row_, observed});
  const double fitting = static_cast<double>(batch_bytes_) / bytes_per_row;
  const double grown = static_cast<double>(next_rows_) * static_cast<double>(kLargestGrowth);
  const double rows_limit = static_cast<double>(batch_rows_);
  next_rows_ = std::max<int64_t>(1, static_cast<int64_t>(std::min({fitting, grown, rows_limit})));
}

}  // namespace spillway::parquet
