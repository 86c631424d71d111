#include "join/stored_bits.h"

#include <algorithm>

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

namespace spillway::join {
namespace {

constexpr int kBitsBlockBits = 13;  // 2^16 rows

}  // namespace

StoredBits::StoredBits(arrow::MemoryPool* pool) : blocks_(pool, kBitsBlockBits, 0) {}

Status StoredBits::Append(const uint8_t* bits, int64_t first, int64_t count) {
  while (count > 0) {
    // Fill the bytes that are there before asking for more.
    if (size_ == blocks_.size() * 8) {
      ARROW_RETURN_NOT_OK(blocks_.Extend(arrow::bit_util::BytesForBits(count)).status());
    }
    uint8_t* block = blocks_.MutableAt(size_ / 8 & ~(blocks_.block_units() - 1));
    const int64_t offset = size_ % (blocks_.block_units() * 8);
    const int64_t part = std::min(count, blocks_.size() * 8 - size_);
    if (bits == nullptr) {
      arrow::bit_util::SetBitsTo(block, offset, part, true);
    } else {
      arrow::internal::CopyBitmap(bits, first, part, block, offset);
    }
    size_ += part;
    first += part;
    count -= part;
  }
  return Status::OK();
}

int64_t StoredBits::EstimateBytes(int64_t rows) {
  return Blocks::EstimateBytes(arrow::bit_util::BytesForBits(rows), kBitsBlockBits);
}

Status StoredValidity::Append(const arrow::ArrayData& array, int64_t first, int64_t count) {
  const int64_t nulls = array.GetNullCount();
  if (nulls > 0 && !has_nulls()) ARROW_RETURN_NOT_OK(bits_.Append(nullptr, 0, rows_));
  if (nulls > 0 || has_nulls()) {
    const uint8_t* bits = nulls > 0 ? array.buffers[0]->data() : nullptr;
    ARROW_RETURN_NOT_OK(bits_.Append(bits, array.offset + first, count));
  }
  rows_ += count;
  return Status::OK();
}

}  // namespace spillway::join
