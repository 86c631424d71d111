// Writes many streams of bytes at once, hundreds or thousands, into a few files: each stream fills
// a block of its own, and full blocks, of whatever streams, go to the end of a file, many by one
// call. So the disk sees long sequential writes, and a stream costs one block of memory, taken when
// it gets its first byte.
//
//   uint8_t* room = writer.TryExtend(stream, bytes);
//   if (room == nullptr) {
//     ARROW_RETURN_NOT_OK(writer.StartBlock(stream, bytes));
//     room = writer.TryExtend(stream, bytes);
//   }
//
// What is extended at once is never cut: it lies in one block, and what is longer than a block gets
// one of its own.
//
// Thread rule: one thread; each lane has a writer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "spill/block_format.h"
#include "spill/block_log.h"
#include "spill/block_memory.h"
#include "spill/resident_quota.h"
#include "spill/spill_directory.h"
#include "spill/spilled_streams.h"

namespace spillway::spill {

struct SpillWriterOptions {
  std::string purpose;             // of the file, for its name: "lookup-rows"
  uint32_t streams = 0;            // numbered from 0
  int64_t block_bytes = 0;         // with its header; a multiple of kPageBytes
  int64_t write_bytes = 0;         // full blocks that are collected for one write
  bool compress = false;           // as BlockCodec::Shrink does
  ResidentQuota* quota = nullptr;  // full blocks stay in memory while it lasts; null: none do
  arrow::MemoryPool* pool = nullptr;
};

class SpillWriter {
 public:
  // `directory`, quota and pool must outlive the writer and what Finish returns.
  static Result<std::unique_ptr<SpillWriter>> Make(SpillDirectory* directory,
                                                   SpillWriterOptions options);
  ~SpillWriter();
  SpillWriter(const SpillWriter&) = delete;
  SpillWriter& operator=(const SpillWriter&) = delete;

  // The most that a writer takes from the pool, but its log of blocks (BlockLog::EstimateBytes) and
  // what the quota lets it keep.
  static int64_t EstimateBytes(uint32_t streams, int64_t block_bytes, int64_t write_bytes,
                               bool compress);

  // Room for `bytes` (> 0) more bytes of `stream`, which the caller fills before its next call;
  // null where the stream's block has no such room. kBlockSlackBytes behind it may be written too,
  // and are overwritten by what comes next.
  uint8_t* TryExtend(uint32_t stream, int64_t bytes) {
    Stream& s = streams_[stream];
    if (s.end - s.at < bytes) return nullptr;
    uint8_t* room = s.at;
    s.at += bytes;
    return room;
  }

  // Gives `stream` a new block with room for at least `bytes`. What is in the old one goes its way.
  Status StartBlock(uint32_t stream, int64_t bytes);

  // Ends the block of `stream`, which gets no more bytes, so that it takes no memory until Finish.
  Status EndStream(uint32_t stream) { return EndBlock(stream, /*last=*/true); }

  // Ends all blocks. The writer can only be destroyed afterwards.
  Result<std::unique_ptr<SpilledStreams>> Finish();

 private:
  // The block of a stream that is being filled; null if it has none.
  struct Stream {
    uint8_t* at;
    uint8_t* end;  // of its room
    uint8_t* block;

    int64_t block_bytes() const { return end - block + kBlockSlackBytes; }
  };
  // A full block that waits for its write.
  struct PendingBlock {
    uint32_t stream;
    uint8_t* block;
    int64_t block_bytes;
    int64_t bytes;  // of payload
  };

  SpillWriter(SpillDirectory* directory, SpillWriterOptions options,
              std::unique_ptr<arrow::Buffer> buffer, BlockLog log);

  Status EndBlock(uint32_t stream, bool last);
  bool IsPending(uint32_t stream) const;
  bool TryKeep(uint32_t stream, int64_t block_bytes);
  Status WritePending();
  Status WriteBlocks(std::span<PendingBlock> blocks);
  Result<int64_t> Store(PendingBlock* pending, uint64_t number);
  void Recycle(uint8_t* block, int64_t block_bytes);
  void FreeSpare();

  SpillDirectory* const directory_;
  const SpillWriterOptions options_;
  const std::unique_ptr<arrow::Buffer> buffer_;  // of streams_
  Stream* const streams_;
  std::vector<PendingBlock> pending_;
  int64_t pending_bytes_ = 0;
  std::vector<uint8_t*> spare_;  // blocks of block_bytes
  BlockLog log_;
  std::vector<KeptBlock> kept_;
  std::vector<std::unique_ptr<SpillFile>> files_;
  BlockCodec codec_;
};

}  // namespace spillway::spill
