#include "spill/block_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spillway::spill {
namespace {

constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

}  // namespace

Result<BlockLog> BlockLog::Make(uint32_t streams, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      auto buffer,
      arrow::AllocateBuffer(static_cast<int64_t>(streams) * int64_t{sizeof(Stream)}, pool));
  BlockLog log(streams, std::move(buffer), pool);
  std::fill_n(log.Streams(), streams, kEmptyStream);
  return log;
}

int64_t BlockLog::EstimateBytes(uint32_t streams, int64_t blocks) {
  const int64_t slabs = blocks / kSlabBlocks + 1;
  return static_cast<int64_t>(streams) * int64_t{sizeof(Stream)} + kAlignmentBytes +
         slabs * (kSlabBlocks * int64_t{sizeof(LoggedBlock)});
}

Status BlockLog::Reserve(int64_t blocks) {
  if (num_blocks_ + blocks >= kNoBlock) {
    return Status::CapacityError("one lane spilled more than 2^32 blocks");
  }
  while (num_blocks_ + blocks > static_cast<int64_t>(slabs_.size()) * kSlabBlocks) {
    ARROW_ASSIGN_OR_RAISE(auto slab,
                          arrow::AllocateBuffer(kSlabBlocks * int64_t{sizeof(LoggedBlock)}, pool_));
    slabs_.push_back(std::move(slab));
  }
  return Status::OK();
}

Status BlockLog::Trim() {
  const int64_t used = num_blocks_ % kSlabBlocks * int64_t{sizeof(LoggedBlock)};
  if (slabs_.empty() || used == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto slab, arrow::AllocateBuffer(used, pool_));
  std::memcpy(slab->mutable_data(), slabs_.back()->data(), static_cast<size_t>(used));
  slabs_.back() = std::move(slab);
  return Status::OK();
}

void BlockLog::Add(uint32_t stream, const LoggedBlock& block) {
  const uint32_t number = num_blocks_++;
  At(number) = block;
  At(number).next = kNoBlock;
  Stream& owner = Streams()[stream];
  if (owner.first == kNoBlock) {
    owner.first = number;
  } else {
    At(owner.last).next = number;
  }
  owner.last = number;
  owner.bytes += block.bytes;
}

std::vector<std::span<uint8_t>> BlockLog::Raw() {
  std::vector<std::span<uint8_t>> parts = {
      {streams_->mutable_data(), num_streams_ * sizeof(Stream)}};
  uint32_t left = num_blocks_;
  for (const auto& slab : slabs_) {
    const uint32_t blocks = std::min(left, kSlabBlocks);
    parts.emplace_back(slab->mutable_data(), blocks * sizeof(LoggedBlock));
    left -= blocks;
  }
  return parts;
}

Status BlockLog::Resize(uint32_t blocks) {
  ARROW_RETURN_NOT_OK(Reserve(blocks));
  num_blocks_ = blocks;
  return Status::OK();
}

bool BlockLog::Forget(uint32_t stream) {
  Stream& s = Streams()[stream];
  if (s.first == kForgottenStream.first && s.last == kForgottenStream.last) return false;
  s = kForgottenStream;
  return true;
}

}  // namespace spillway::spill
