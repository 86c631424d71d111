// A block as it lies in a spill file: a header, then the payload as it is or compressed by LZ4. The
// header says whose block it is and how long, and has a checksum of all that, so that a block that
// is damaged, cut short or not the one wanted is found before a byte of it is used.
//
// Thread rule: plain values; a BlockCodec belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>
#include <arrow/util/compression.h>

#include "base/status.h"

namespace spillway::spill {

struct BlockHeader {
  uint32_t magic;
  uint32_t stream;
  uint32_t bytes;         // of the payload
  uint32_t stored_bytes;  // of what follows the header; fewer than `bytes` if compressed
  uint64_t number;        // of the block among those of its writer
  uint64_t checksum;      // XXH3-64 of the fields above and of what follows the header
};
static_assert(sizeof(BlockHeader) == 32);

inline constexpr int64_t kHeaderBytes = sizeof(BlockHeader);

// What the reader of a block knows of it beforehand.
struct BlockIdentity {
  uint32_t stream;
  uint32_t bytes;
  uint32_t stored_bytes;
  uint64_t number;
};

// The header for a block whose payload is stored as `stored`.
BlockHeader MakeHeader(const BlockIdentity& block, const uint8_t* stored);

// What is wrong with a block that was read; empty if nothing is.
std::string_view FindFault(const BlockHeader& header, const BlockIdentity& expected,
                           const uint8_t* stored);

// Compresses and decompresses payloads, by LZ4.
class BlockCodec {
 public:
  explicit BlockCodec(arrow::MemoryPool* pool) : pool_(pool) {}

  // Compresses the payload in place where that makes it shorter by at least one page of the file;
  // returns its stored length, `bytes` where it stays as it is. Where blocks do not become half as
  // long, only one in sixteen is tried: to compress them takes longer than to write them.
  Result<int64_t> Shrink(uint8_t* payload, int64_t bytes);

  // Room for the stored form of a payload, until the next call.
  Result<uint8_t*> Scratch(int64_t bytes);

  // Writes the `bytes` bytes whose stored form is `stored` to `payload`. Fails, uncoded, where it
  // is the form of more or fewer.
  Status Expand(std::span<const uint8_t> stored, int64_t bytes, uint8_t* payload);

  // The most that a codec takes for payloads of `bytes`.
  static int64_t EstimateBytes(int64_t bytes);

 private:
  Status MakeCodec();

  arrow::MemoryPool* const pool_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::unique_ptr<arrow::ResizableBuffer> scratch_;
  int blocks_to_pass_ = 0;  // uncompressed
};

}  // namespace spillway::spill
