// A stream's blocks lie scattered over the file, and a system call for each would cost more than
// the block's I/O did (about 10 us, see docs/decisions/0005). So freed blocks are only marked, and
// from time to time one walk over all blocks, which stand in the log as they stand in the file,
// frees runs of neighbours. Writers put blocks of neighbouring streams side by side for that.
#include "spill/spilled_streams.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "spill/block_memory.h"

namespace spillway::spill {
namespace {

// Freed bytes are given back once they are this part of the file, and this many.
constexpr int64_t kFreedPart = 8;
constexpr int64_t kFewestFreedBytes = int64_t{4} << 20;
// Shorter runs are left until neighbours are free too, or the file goes.
constexpr int64_t kShortestRunBytes = int64_t{128} << 10;

int64_t PagedBytes(const LoggedBlock& block) {
  const int64_t bytes = kHeaderBytes + block.stored_bytes;
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

SpilledStreams::~SpilledStreams() {
  for (KeptBlock& kept : parts_.kept) FreeKept(&kept);
}

const uint8_t* SpilledStreams::KeptPayload(uint32_t number) const {
  const LoggedBlock& block = parts_.log[number];
  return block.stored_bytes == 0 ? PayloadOf(parts_.kept[block.place].block) : nullptr;
}

Status SpilledStreams::ReadBlock(uint32_t stream, uint32_t number, BlockCodec* codec,
                                 uint8_t* out) const {
  const LoggedBlock& block = parts_.log[number];
  const int64_t offset = int64_t{block.place} * kPageBytes;
  const bool raw = block.stored_bytes == block.bytes;
  uint8_t* stored = out;
  if (!raw) {
    ARROW_ASSIGN_OR_RAISE(stored, codec->Scratch(block.stored_bytes));
  }
  BlockHeader header;
  std::array<iovec, 2> parts = {iovec{&header, sizeof(header)}, iovec{stored, block.stored_bytes}};
  ARROW_RETURN_NOT_OK(parts_.file->Read(offset, parts));
  std::string_view fault = FindFault(header,
                                     {.stream = stream,
                                      .bytes = block.bytes,
                                      .stored_bytes = block.stored_bytes,
                                      .number = number},
                                     stored);
  if (fault.empty() && !raw &&
      !codec->Expand({stored, block.stored_bytes}, block.bytes, out).ok()) {
    fault = "the block cannot be decompressed";
  }
  if (fault.empty()) return Status::OK();
  return MakeError({.code = ErrorCode::kSpillDamaged,
                    .what = fmt::format("the spill file {} is damaged", parts_.file->path()),
                    .where = fmt::format("{}, byte {}", parts_.file->path(), offset),
                    .why = std::string(fault)});
}

void SpilledStreams::FreeKept(KeptBlock* kept) {
  if (kept->block == nullptr) return;
  FreeBlock(kept->block, kept->capacity, parts_.pool);
  parts_.quota->Give(AllocatedBytes(kept->capacity));
  kept->block = nullptr;
}

void SpilledStreams::Free(uint32_t stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (uint32_t number = parts_.log.First(stream); number != BlockLog::kNoBlock;
       number = parts_.log[number].next) {
    const LoggedBlock& block = parts_.log[number];
    if (block.stored_bytes == 0) {
      FreeKept(&parts_.kept[block.place]);
    } else {
      dropped_bytes_ += PagedBytes(block);
      parts_.log.Drop(number);
    }
  }
  parts_.log.ForgetStream(stream);
  if (dropped_bytes_ == 0) return;
  if (dropped_bytes_ >= std::max(kFewestFreedBytes, parts_.file->size_bytes() / kFreedPart)) {
    FreePages();
  }
}

void SpilledStreams::FreePages() {
  uint32_t number = 0;
  while (number < parts_.log.num_blocks()) {
    const uint32_t first = number;
    int64_t run_bytes = 0;
    // Neighbours in the log that are in the file are neighbours there too; those in memory and
    // those that were freed before end a run.
    for (; number < parts_.log.num_blocks(); ++number) {
      const LoggedBlock& block = parts_.log[number];
      if (block.stored_bytes == 0 || block.bytes != 0) break;
      run_bytes += PagedBytes(block);
    }
    if (run_bytes >= kShortestRunBytes) {
      parts_.file->Free(int64_t{parts_.log[first].place} * kPageBytes, run_bytes);
      for (uint32_t freed = first; freed < number; ++freed) parts_.log.ForgetStored(freed);
    }
    number = std::max(number, first + 1);
  }
  dropped_bytes_ = 0;
}

}  // namespace spillway::spill
