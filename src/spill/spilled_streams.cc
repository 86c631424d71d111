#include "spill/spilled_streams.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "spill/block_memory.h"

namespace spillway::spill {
namespace {

// What is fetched of a stream at most before it is opened. A hot key's may have most of the data,
// which would leave the page cache again before it is read.
constexpr int64_t kUsualStreamBytes = 8 * kMiB;

}  // namespace

SpilledStreams::SpilledStreams(Parts parts) : parts_(std::move(parts)) {
  for (uint32_t stream = 0; stream < num_streams(); ++stream) {
    ++live_streams_[FileOf(stream, num_streams())];
  }
}

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
  const SpillFile& file = *parts_.files[FileOf(stream, num_streams())];
  BlockHeader header;
  std::array<iovec, 2> parts = {iovec{&header, sizeof(header)}, iovec{stored, block.stored_bytes}};
  ARROW_RETURN_NOT_OK(file.Read(offset, parts));
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
                    .what = fmt::format("the spill file {} is damaged", file.path()),
                    .where = fmt::format("{}, byte {}", file.path(), offset),
                    .why = std::string(fault)});
}

int64_t SpilledStreams::BytesInFile(uint32_t number) const {
  const LoggedBlock& block = parts_.log[number];
  return block.stored_bytes == 0 ? 0 : kHeaderBytes + block.stored_bytes;
}

SpilledStreams::Ahead SpilledStreams::WillRead(uint32_t stream, uint32_t first,
                                               int64_t bytes) const {
  Ahead ahead = {.next = first, .bytes = 0};
  while (ahead.next != BlockLog::kNoBlock && ahead.bytes < bytes) {
    const LoggedBlock& block = parts_.log[ahead.next];
    if (const int64_t in_file = BytesInFile(ahead.next); in_file > 0) {
      const SpillFile& file = *parts_.files[FileOf(stream, num_streams())];
      file.WillRead(int64_t{block.place} * kPageBytes, in_file);
      ahead.bytes += in_file;
    }
    ahead.next = block.next;
  }
  return ahead;
}

void SpilledStreams::WillRead(uint32_t stream) const {
  WillRead(stream, FirstBlock(stream), kUsualStreamBytes);
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
    if (block.stored_bytes == 0) FreeKept(&parts_.kept[block.place]);
  }
  if (!parts_.log.Forget(stream)) return;
  const uint32_t file = FileOf(stream, num_streams());
  if (--live_streams_[file] == 0) parts_.files[file].reset();
}

}  // namespace spillway::spill
