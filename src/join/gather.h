// The loops that copy scattered rows of stored columns into Arrow buffers. Each asks for memory
// some rows ahead, because that is where the time goes.
//
// Thread rule: free functions that only read what they are given.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/payload.h"
#include "join/stored_bits.h"
#include "join/stored_bytes.h"

namespace spillway::join {

// The bits of `rows`, 0 where a row is -1.
Result<std::shared_ptr<arrow::Buffer>> GatherBits(const StoredBits& bits, const GatherRows& rows,
                                                  arrow::MemoryPool* pool);

// Where the gathered values are not NULL; null if all are.
Result<std::shared_ptr<arrow::Buffer>> GatherValidity(const StoredValidity& validity,
                                                      const GatherRows& rows,
                                                      arrow::MemoryPool* pool);

struct GatheredBytes {
  std::shared_ptr<arrow::Buffer> offsets;  // int32, one more than there are rows
  std::shared_ptr<arrow::Buffer> bytes;
};
// The values of `rows`, empty where a row is -1. A CapacityError above 2 GiB.
Result<GatheredBytes> GatherBytes(const StoredBytes& values, const GatherRows& rows,
                                  arrow::MemoryPool* pool);

// Texts end to end: `size_of(i)` is the size of the i-th of `count`, and `copy(i, out, size)`
// writes it. All sizes are asked for before anything is written. A CapacityError above 2 GiB.
template <typename SizeOf, typename Copy>
Result<GatheredBytes> GatherTexts(int64_t count, arrow::MemoryPool* pool, SizeOf&& size_of,
                                  Copy&& copy) {
  GatheredBytes gathered;
  ARROW_ASSIGN_OR_RAISE(
      gathered.offsets,
      arrow::AllocateBuffer((count + 1) * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* offsets = reinterpret_cast<int32_t*>(gathered.offsets->mutable_data());
  int64_t total = 0;
  for (int64_t i = 0; i < count; ++i) {
    offsets[i] = static_cast<int32_t>(total);
    total += size_of(i);
    if (total > std::numeric_limits<int32_t>::max()) {
      return Status::CapacityError("the joined strings of one batch exceed 2 GiB");
    }
  }
  offsets[count] = static_cast<int32_t>(total);
  ARROW_ASSIGN_OR_RAISE(gathered.bytes, arrow::AllocateBuffer(total, pool));
  uint8_t* const bytes = gathered.bytes->mutable_data();
  for (int64_t i = 0; i < count; ++i) {
    copy(i, bytes + offsets[i], int64_t{offsets[i + 1]} - offsets[i]);
  }
  return gathered;
}

// Of rows that are bytes, the values of `width` bytes at `offset`, one behind another.
void CopyWords(const uint8_t* const* rows, int64_t count, int32_t width, int32_t offset,
               uint8_t* out);

// Of rows that are bytes, whether the byte at `offset` has any bit of `mask`: a bit a row, in whole
// bytes of `out`.
void CopyBits(const uint8_t* const* rows, int64_t count, int32_t offset, uint32_t mask,
              uint8_t* out);

// A bit per row, set where it is not -1.
Result<std::shared_ptr<arrow::Buffer>> MatchedBits(const int64_t* rows, int64_t count,
                                                   arrow::MemoryPool* pool);

}  // namespace spillway::join
