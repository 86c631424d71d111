#include "join/gather.h"

#include <algorithm>

#include <arrow/util/bit_util.h>

namespace spillway::join {
namespace {

// Far enough to cover the latency of memory at a few nanoseconds a row.
constexpr int64_t kRowsAhead = 24;

// Calls `ask(row)` for the row some places after `i`, unless it is -1 or beyond the end.
template <typename Ask>
void AskAhead(const GatherRows& rows, int64_t i, int64_t ahead, Ask&& ask) {
  if (i + ahead >= rows.count) return;
  const int64_t row = rows.rows[i + ahead];
  if (row >= 0) ask(row);
}

// A bitmap whose i-th bit is `bit(i)`.
template <typename Bit>
Result<std::shared_ptr<arrow::Buffer>> MakeBits(int64_t count, arrow::MemoryPool* pool, Bit&& bit) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateBuffer(arrow::bit_util::BytesForBits(count), pool));
  uint8_t* out = bits->mutable_data();
  for (int64_t i = 0; i < count; i += 8) {
    uint32_t byte = 0;
    const int64_t end = std::min<int64_t>(8, count - i);
    for (int64_t j = 0; j < end; ++j) byte |= static_cast<uint32_t>(bit(i + j) ? 1 : 0) << j;
    *out++ = static_cast<uint8_t>(byte);
  }
  return bits;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> GatherBits(const StoredBits& bits, const GatherRows& rows,
                                                  arrow::MemoryPool* pool) {
  return MakeBits(rows.count, pool,
                  [&](int64_t i) { return rows.rows[i] >= 0 && bits[rows.rows[i]]; });
}

Result<std::shared_ptr<arrow::Buffer>> GatherValidity(const StoredValidity& validity,
                                                      const GatherRows& rows,
                                                      arrow::MemoryPool* pool) {
  if (!validity.has_nulls()) return rows.matched;
  return MakeBits(rows.count, pool,
                  [&](int64_t i) { return rows.rows[i] >= 0 && validity.IsValid(rows.rows[i]); });
}

Result<GatheredBytes> GatherBytes(const StoredBytes& values, const GatherRows& rows,
                                  arrow::MemoryPool* pool) {
  return GatherTexts(
      rows.count, pool,
      [&](int64_t i) {
        AskAhead(rows, i, kRowsAhead, [&](int64_t row) { values.PrefetchPlace(row); });
        return rows.rows[i] >= 0 ? values[rows.rows[i]].size : 0;
      },
      [&](int64_t i, uint8_t* out, int64_t size) {
        AskAhead(rows, i, kRowsAhead, [&](int64_t row) { values.PrefetchBytes(row); });
        if (size > 0) values.Copy(values[rows.rows[i]], out);
      });
}

Result<std::shared_ptr<arrow::Buffer>> MatchedBits(const int64_t* rows, int64_t count,
                                                   arrow::MemoryPool* pool) {
  return MakeBits(count, pool, [rows](int64_t i) { return rows[i] >= 0; });
}

}  // namespace spillway::join
