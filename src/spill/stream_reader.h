// Reads a stream block by block. The kernel fetches the next ones meanwhile: the blocks of a stream
// are scattered over its file, so that it cannot tell by itself what will be read.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "spill/block_format.h"
#include "spill/spilled_streams.h"

namespace spillway::spill {

class StreamReader {
 public:
  explicit StreamReader(arrow::MemoryPool* pool) : pool_(pool), codec_(pool) {}

  // Goes to the first block of a stream. `streams` must outlive the reading.
  void Open(const SpilledStreams& streams, uint32_t stream);

  bool done() const { return block_ == BlockLog::kNoBlock; }

  // The bytes of the next block's payload. Not when done().
  int64_t next_bytes() const { return streams_->Block(block_).bytes; }

  // The next block's payload, in place where it is in memory, else in the reader's own buffer. It
  // is valid until the next call, and kBlockSlackBytes behind it may be read.
  Result<std::span<const uint8_t>> Next();

  // Writes the next block's payload to `out`.
  Status ReadNext(uint8_t* out);

  // The most that a reader takes for blocks of `block_bytes`.
  static int64_t EstimateBytes(int64_t block_bytes, bool compressed);

 private:
  Status MakeRoom(int64_t bytes);
  void Advance();
  void ReadAhead();

  arrow::MemoryPool* const pool_;
  BlockCodec codec_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  const SpilledStreams* streams_ = nullptr;
  uint32_t stream_ = 0;
  uint32_t block_ = BlockLog::kNoBlock;
  uint32_t ahead_ = BlockLog::kNoBlock;  // the first block behind those that are being fetched
  int64_t ahead_bytes_ = 0;              // of these, in the file
};

}  // namespace spillway::spill
