#include "spill/block_format.h"

#include <cstddef>
#include <cstring>

#include "spill/spill_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace spillway::spill {
namespace {

// How many blocks go uncompressed behind one that did not become half as long. LZ4 takes 2 ns a
// byte of rows that it can hardly shorten, about what a disk of 500 MB/s takes to write it.
constexpr int kBlocksToPass = 15;

constexpr uint32_t kMagic = 0x314C5053;  // "SPL1"

uint64_t ChecksumOf(const BlockHeader& header, const uint8_t* stored) {
  const uint64_t seed = XXH3_64bits(&header, offsetof(BlockHeader, checksum));
  return XXH3_64bits_withSeed(stored, header.stored_bytes, seed);
}

int64_t PagesOf(int64_t bytes) { return (kHeaderBytes + bytes + kPageBytes - 1) / kPageBytes; }

}  // namespace

BlockHeader MakeHeader(const BlockIdentity& block, const uint8_t* stored) {
  BlockHeader header{.magic = kMagic,
                     .stream = block.stream,
                     .bytes = block.bytes,
                     .stored_bytes = block.stored_bytes,
                     .number = block.number,
                     .checksum = 0};
  header.checksum = ChecksumOf(header, stored);
  return header;
}

std::string_view FindFault(const BlockHeader& header, const BlockIdentity& expected,
                           const uint8_t* stored) {
  if (header.magic != kMagic) return "no block begins there";
  // The lengths come first: the checksum reads as many bytes as the header says.
  if (header.stored_bytes != expected.stored_bytes || header.bytes != expected.bytes) {
    return "the block has another length than the one that was written";
  }
  if (header.stream != expected.stream || header.number != expected.number) {
    return "it is not the block that was written there";
  }
  if (header.checksum != ChecksumOf(header, stored)) return "the block's checksum does not fit";
  return {};
}

Status BlockCodec::MakeCodec() {
  if (codec_ != nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(codec_, arrow::util::Codec::Create(arrow::Compression::LZ4));
  return Status::OK();
}

Result<uint8_t*> BlockCodec::Scratch(int64_t bytes) {
  if (scratch_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(scratch_, arrow::AllocateResizableBuffer(bytes, pool_));
  } else if (scratch_->size() < bytes) {
    // Nothing in it is wanted any more, so it need not be copied.
    ARROW_RETURN_NOT_OK(scratch_->Resize(0, /*shrink_to_fit=*/true));
    ARROW_RETURN_NOT_OK(scratch_->Resize(bytes));
  }
  return scratch_->mutable_data();
}

Result<int64_t> BlockCodec::Shrink(uint8_t* payload, int64_t bytes) {
  if (blocks_to_pass_ > 0) {
    --blocks_to_pass_;
    return bytes;
  }
  ARROW_RETURN_NOT_OK(MakeCodec());
  const int64_t room = codec_->MaxCompressedLen(bytes, payload);
  ARROW_ASSIGN_OR_RAISE(uint8_t* const out, Scratch(room));
  ARROW_ASSIGN_OR_RAISE(const int64_t stored, codec_->Compress(bytes, payload, room, out));
  if (stored > bytes / 2) blocks_to_pass_ = kBlocksToPass;
  if (PagesOf(stored) >= PagesOf(bytes)) return bytes;
  std::memcpy(payload, out, static_cast<size_t>(stored));
  return stored;
}

Status BlockCodec::Expand(std::span<const uint8_t> stored, int64_t bytes, uint8_t* payload) {
  ARROW_RETURN_NOT_OK(MakeCodec());
  const auto stored_bytes = static_cast<int64_t>(stored.size());
  ARROW_ASSIGN_OR_RAISE(const int64_t expanded,
                        codec_->Decompress(stored_bytes, stored.data(), bytes, payload));
  return expanded == bytes ? Status::OK() : Status::Invalid("it has ", expanded, " bytes");
}

int64_t BlockCodec::EstimateBytes(int64_t bytes) {
  // LZ4's bound, and the growth of the scratch room.
  return bytes + bytes / 255 + 1024;
}

}  // namespace spillway::spill
