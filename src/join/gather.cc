#include "join/gather.h"

#include <algorithm>

#include <arrow/util/bit_util.h>

#include "base/row_bytes.h"
#include "join/key_type.h"

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

// Writes a bitmap whose i-th bit is `bit(i)`, in whole bytes.
template <typename Bit>
void WriteBits(int64_t count, uint8_t* out, Bit&& bit) {
  for (int64_t i = 0; i < count; i += 8) {
    uint32_t byte = 0;
    const int64_t end = std::min<int64_t>(8, count - i);
    for (int64_t j = 0; j < end; ++j) byte |= static_cast<uint32_t>(bit(i + j) ? 1 : 0) << j;
    *out++ = static_cast<uint8_t>(byte);
  }
}

// The same in a buffer of its own.
template <typename Bit>
Result<std::shared_ptr<arrow::Buffer>> MakeBits(int64_t count, arrow::MemoryPool* pool, Bit&& bit) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                        arrow::AllocateBuffer(arrow::bit_util::BytesForBits(count), pool));
  WriteBits(count, bits->mutable_data(), bit);
  return bits;
}

template <typename Word>
void CopyWordsOf(const uint8_t* const* rows, int64_t count, int32_t offset, uint8_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    Store(out + i * static_cast<int64_t>(sizeof(Word)), Load<Word>(rows[i] + offset));
  }
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

void CopyWords(const uint8_t* const* rows, int64_t count, int32_t width, int32_t offset,
               uint8_t* out) {
  switch (width) {
    case 1:
      return CopyWordsOf<uint8_t>(rows, count, offset, out);
    case 2:
      return CopyWordsOf<uint16_t>(rows, count, offset, out);
    case 4:
      return CopyWordsOf<uint32_t>(rows, count, offset, out);
    case 8:
      return CopyWordsOf<uint64_t>(rows, count, offset, out);
    case 16:
      return CopyWordsOf<Word128>(rows, count, offset, out);
    default:
      break;
  }
  for (int64_t i = 0; i < count; ++i) CopyValue(out + i * width, rows[i] + offset, width);
}

void CopyBits(const uint8_t* const* rows, int64_t count, int32_t offset, uint32_t mask,
              uint8_t* out) {
  WriteBits(count, out, [&](int64_t i) { return (rows[i][offset] & mask) != 0; });
}

Result<std::shared_ptr<arrow::Buffer>> MatchedBits(const int64_t* rows, int64_t count,
                                                   arrow::MemoryPool* pool) {
  return MakeBits(count, pool, [rows](int64_t i) { return rows[i] >= 0; });
}

}  // namespace spillway::join
