// Which blocks each stream of a writer has, in the order in which they were written: 16 bytes a
// block and 16 a stream.
//
// Thread rule: one thread adds. After that any number may read; a stream belongs to whoever reads
// or forgets it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::spill {

struct LoggedBlock {
  uint32_t place;         // the page of its file; or, in memory, the number of the kept block
  uint32_t stored_bytes;  // in the file, behind the header; 0: the block is in memory
  uint32_t bytes;         // of the payload
  uint32_t next;          // the stream's next block, or kNoBlock
};

class BlockLog {
 public:
  static constexpr uint32_t kNoBlock = UINT32_MAX;

  static Result<BlockLog> Make(uint32_t streams, arrow::MemoryPool* pool);
  static int64_t EstimateBytes(uint32_t streams, int64_t blocks);

  // Makes room for `blocks` more, which may then be added.
  Status Reserve(int64_t blocks);

  // Gives back the room that no block was added to.
  Status Trim();

  // Adds a block to the end of `stream`; its `next` is not looked at. Wants room.
  void Add(uint32_t stream, const LoggedBlock& block);

  uint32_t First(uint32_t stream) const { return Streams()[stream].first; }
  const LoggedBlock& operator[](uint32_t block) const { return At(block); }
  int64_t StreamBytes(uint32_t stream) const { return Streams()[stream].bytes; }  // of payload
  uint32_t num_streams() const { return num_streams_; }
  uint32_t num_blocks() const { return num_blocks_; }

  // For a manifest: streams and blocks as they lie in memory. Of a new log with so many blocks,
  // which Resize makes, they are to be filled.
  std::vector<std::span<uint8_t>> Raw();
  Status Resize(uint32_t blocks);

  // Where a block is, if that changes.
  void SetPlace(uint32_t block, uint32_t place, uint32_t stored_bytes) {
    At(block).place = place;
    At(block).stored_bytes = stored_bytes;
  }

  // Empties a stream; its blocks stay in the log. False if that was done before.
  bool Forget(uint32_t stream);

 private:
  struct Stream {
    uint32_t first;
    uint32_t last;
    int64_t bytes;
  };
  static constexpr Stream kEmptyStream = {kNoBlock, kNoBlock, 0};
  static constexpr Stream kForgottenStream = {kNoBlock, 0, 0};
  static constexpr uint32_t kSlabBlocks = 1024;

  BlockLog(uint32_t streams, std::unique_ptr<arrow::Buffer> buffer, arrow::MemoryPool* pool)
      : pool_(pool), num_streams_(streams), streams_(std::move(buffer)) {}

  Stream* Streams() { return reinterpret_cast<Stream*>(streams_->mutable_data()); }
  const Stream* Streams() const { return reinterpret_cast<const Stream*>(streams_->data()); }
  LoggedBlock& At(uint32_t block) {
    auto* slab = slabs_[block / kSlabBlocks]->mutable_data();
    return reinterpret_cast<LoggedBlock*>(slab)[block % kSlabBlocks];
  }
  const LoggedBlock& At(uint32_t block) const {
    const auto* slab = slabs_[block / kSlabBlocks]->data();
    return reinterpret_cast<const LoggedBlock*>(slab)[block % kSlabBlocks];
  }

  arrow::MemoryPool* pool_;
  uint32_t num_streams_;
  uint32_t num_blocks_ = 0;
  std::unique_ptr<arrow::Buffer> streams_;
  std::vector<std::unique_ptr<arrow::Buffer>> slabs_;
};

}  // namespace spillway::spill
