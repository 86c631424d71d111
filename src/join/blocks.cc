#include "join/blocks.h"

#include <algorithm>

#include <arrow/memory_pool.h>

namespace spillway::join {
namespace {

constexpr int64_t kSmallestFirstBytes = 1024;
constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

}  // namespace

Blocks::Blocks(arrow::MemoryPool* pool, int block_bits, int64_t first_bytes)
    : pool_(pool), block_bits_(block_bits), first_bytes_(kSmallestFirstBytes) {
  while (first_bytes_ < first_bytes && first_bytes_ < block_bytes()) first_bytes_ *= 2;
  first_bytes_ = std::min(first_bytes_, block_bytes());
}

Result<std::span<uint8_t>> Blocks::Extend(int64_t bytes) {
  if (size_bytes_ == room_bytes_) ARROW_RETURN_NOT_OK(AddRoom());
  const int64_t part = std::min(bytes, room_bytes_ - size_bytes_);
  uint8_t* start = MutableAt(size_bytes_);
  size_bytes_ += part;
  return std::span<uint8_t>(start, static_cast<size_t>(part));
}

Status Blocks::Append(const uint8_t* data, int64_t bytes) {
  while (bytes > 0) {
    ARROW_ASSIGN_OR_RAISE(const std::span<uint8_t> room, Extend(bytes));
    std::copy_n(data, room.size(), room.data());
    data += room.size();
    bytes -= static_cast<int64_t>(room.size());
  }
  return Status::OK();
}

Status Blocks::AddRoom() {
  if (blocks_.size() == 1 && room_bytes_ < block_bytes()) {
    ARROW_RETURN_NOT_OK(blocks_[0]->Resize(room_bytes_ * 2));
    starts_[0] = blocks_[0]->data();
    room_bytes_ *= 2;
    return Status::OK();
  }
  const int64_t bytes = blocks_.empty() ? first_bytes_ : block_bytes();
  ARROW_ASSIGN_OR_RAISE(auto block, arrow::AllocateResizableBuffer(bytes, pool_));
  starts_.push_back(block->data());
  blocks_.push_back(std::move(block));
  room_bytes_ += bytes;
  return Status::OK();
}

Status Blocks::Finish() {
  if (size_bytes_ == room_bytes_) return Status::OK();
  const int64_t used = blocks_.back()->size() - (room_bytes_ - size_bytes_);
  ARROW_RETURN_NOT_OK(blocks_.back()->Resize(used, /*shrink_to_fit=*/true));
  starts_.back() = blocks_.back()->data();
  room_bytes_ = size_bytes_;
  return Status::OK();
}

int64_t Blocks::allocated_bytes() const {
  int64_t bytes = 0;
  for (const auto& block : blocks_) bytes += block->capacity();
  return bytes;
}

int64_t Blocks::EstimateBytes(int64_t size_bytes, int block_bits) {
  // Either the first block is still growing (old and new copy: 1.5 times the room, which is less
  // than double the size), or whole blocks stand and the last one may be shrunk by a copy.
  const int64_t block_bytes = int64_t{1} << block_bits;
  if (size_bytes <= block_bytes)
    return 3 * std::max(size_bytes, kSmallestFirstBytes) + kAlignmentBytes;
  return (size_bytes / block_bytes + 2) * block_bytes;
}

}  // namespace spillway::join
