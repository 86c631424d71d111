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
  FreeBlock(kept->block, kept->block_bytes, parts_.pool);
  parts_.quota->Give(kept->block_bytes);
  kept->block = nullptr;
}

int64_t SpilledStreams::kept_bytes() const {
  int64_t bytes = 0;
  for (const KeptBlock& kept : parts_.kept) bytes += kept.block == nullptr ? 0 : kept.block_bytes;
  return bytes;
}

int64_t SpilledStreams::stored_bytes() const {
  int64_t bytes = kept_bytes();
  for (const auto& file : parts_.files) bytes += file == nullptr ? 0 : file->size_bytes();
  return bytes;
}

// Writes a block that stayed in memory to the end of its stream's file instead.
Status SpilledStreams::WriteKept(SpillDirectory* directory, const std::string& purpose,
                                 uint32_t stream, uint32_t number) {
  static constexpr std::array<uint8_t, kPageBytes> kZeros = {};
  const LoggedBlock& block = parts_.log[number];
  KeptBlock& kept = parts_.kept[block.place];
  std::unique_ptr<SpillFile>& file = parts_.files[FileOf(stream, num_streams())];
  if (file == nullptr) {
    ARROW_ASSIGN_OR_RAISE(file, directory->CreateFile(purpose));
  }
  const int64_t place = file->size_bytes() / kPageBytes;
  if (place > UINT32_MAX) return Status::CapacityError("a spill file of more than 16 TiB");
  uint8_t* payload = PayloadOf(kept.block);
  BlockHeader header = MakeHeader(
      {.stream = stream, .bytes = block.bytes, .stored_bytes = block.bytes, .number = number},
      payload);
  const auto used = static_cast<size_t>(kHeaderBytes + block.bytes);
  const size_t padding = (kPageBytes - used % kPageBytes) % kPageBytes;
  std::array<iovec, 3> parts = {iovec{&header, sizeof(header)}, iovec{payload, block.bytes},
                                iovec{const_cast<uint8_t*>(kZeros.data()), padding}};
  ARROW_RETURN_NOT_OK(file->Append(parts));
  parts_.log.SetPlace(number, static_cast<uint32_t>(place), block.bytes);
  FreeKept(&kept);
  return Status::OK();
}

Status SpilledStreams::Save(SpillDirectory* directory, const std::string& purpose,
                            ManifestWriter* manifest) {
  for (uint32_t stream = 0; stream < num_streams(); ++stream) {
    for (uint32_t b = FirstBlock(stream); b != BlockLog::kNoBlock; b = Block(b).next) {
      if (Block(b).stored_bytes == 0) ARROW_RETURN_NOT_OK(WriteKept(directory, purpose, stream, b));
    }
  }
  parts_.kept.clear();
  ARROW_RETURN_NOT_OK(manifest->Put(num_streams()));
  ARROW_RETURN_NOT_OK(manifest->Put(num_blocks()));
  for (const std::span<uint8_t> part : parts_.log.Raw()) {
    ARROW_RETURN_NOT_OK(manifest->PutAll(std::span<const uint8_t>(part)));
  }
  for (const auto& file : parts_.files) {
    ARROW_RETURN_NOT_OK(manifest->PutText(file == nullptr ? std::string() : file->name()));
  }
  return Status::OK();
}

Result<std::unique_ptr<SpilledStreams>> SpilledStreams::Load(SpillDirectory* directory,
                                                             ManifestReader* manifest,
                                                             arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const uint32_t streams, manifest->Get<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(const uint32_t blocks, manifest->Get<uint32_t>());
  ARROW_ASSIGN_OR_RAISE(BlockLog log, BlockLog::Make(streams, pool));
  ARROW_RETURN_NOT_OK(log.Resize(blocks));
  for (const std::span<uint8_t> part : log.Raw()) ARROW_RETURN_NOT_OK(manifest->GetAll(part));
  std::vector<std::unique_ptr<SpillFile>> files(kSpillFiles);
  for (auto& file : files) {
    ARROW_ASSIGN_OR_RAISE(std::string name, manifest->GetText());
    if (name.empty()) continue;
    // It is gone where all its streams were freed.
    auto opened = directory->OpenFile(std::move(name));
    if (opened.ok()) file = *std::move(opened);
  }
  return std::make_unique<SpilledStreams>(Parts{.log = std::move(log),
                                                .kept = {},
                                                .files = std::move(files),
                                                .quota = nullptr,
                                                .pool = pool});
}

bool SpilledStreams::IsThere(uint32_t stream) const {
  return FirstBlock(stream) == BlockLog::kNoBlock ||
         parts_.files[FileOf(stream, num_streams())] != nullptr;
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
