#include "join/blocks.h"

#include <algorithm>
#include <bit>

#include <arrow/memory_pool.h>

namespace spillway::join {
namespace {

constexpr int64_t kSmallestFirstBytes = 1024;
constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

// A power of two, like the block's.
int64_t SmallestFirstUnits(int64_t unit_bytes) {
  const int64_t units = std::max(kSmallestFirstBytes / unit_bytes, int64_t{1});
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(units)));
}

}  // namespace

Blocks::Blocks(arrow::MemoryPool* pool, int block_bits, int64_t first_units, int64_t unit_bytes)
    : pool_(pool),
      block_bits_(block_bits),
      unit_bytes_(unit_bytes),
      first_units_(SmallestFirstUnits(unit_bytes)) {
  while (first_units_ < first_units && first_units_ < block_units()) first_units_ *= 2;
  first_units_ = std::min(first_units_, block_units());
}

Result<std::span<uint8_t>> Blocks::Extend(int64_t units) {
  if (size_ == room_) ARROW_RETURN_NOT_OK(AddRoom());
  const int64_t part = std::min(units, room_ - size_);
  uint8_t* start = MutableAt(size_);
  size_ += part;
  return std::span<uint8_t>(start, static_cast<size_t>(part * unit_bytes_));
}

Status Blocks::Append(const uint8_t* data, int64_t units) {
  while (units > 0) {
    ARROW_ASSIGN_OR_RAISE(const std::span<uint8_t> room, Extend(units));
    std::copy_n(data, room.size(), room.data());
    data += room.size();
    units -= static_cast<int64_t>(room.size()) / unit_bytes_;
  }
  return Status::OK();
}

Status Blocks::AddRoom() {
  if (blocks_.size() == 1 && room_ < block_units()) {
    ARROW_RETURN_NOT_OK(blocks_[0]->Resize(room_ * 2 * unit_bytes_));
    starts_[0] = blocks_[0]->data();
    room_ *= 2;
    return Status::OK();
  }
  const int64_t units = blocks_.empty() ? first_units_ : block_units();
  ARROW_ASSIGN_OR_RAISE(auto block, arrow::AllocateResizableBuffer(units * unit_bytes_, pool_));
  starts_.push_back(block->data());
  blocks_.push_back(std::move(block));
  room_ += units;
  return Status::OK();
}

Status Blocks::Finish() {
  if (size_ == room_) return Status::OK();
  const int64_t used = blocks_.back()->size() - (room_ - size_) * unit_bytes_;
  ARROW_RETURN_NOT_OK(blocks_.back()->Resize(used, /*shrink_to_fit=*/true));
  starts_.back() = blocks_.back()->data();
  room_ = size_;
  return Status::OK();
}

int64_t Blocks::allocated_bytes() const {
  int64_t bytes = 0;
  for (const auto& block : blocks_) bytes += block->capacity();
  return bytes;
}

int64_t Blocks::EstimateBytes(int64_t units, int block_bits, int64_t unit_bytes) {
  // Either the first block is still growing (old and new copy: 1.5 times the room, which is less
  // than double the size), or whole blocks stand and the last one may be shrunk by a copy.
  const int64_t block_units = int64_t{1} << block_bits;
  if (units <= block_units) {
    return 3 * std::max(units, SmallestFirstUnits(unit_bytes)) * unit_bytes + kAlignmentBytes;
  }
  return (units / block_units + 2) * block_units * unit_bytes;
}

}  // namespace spillway::join
