// What one SpillWriter wrote: its streams, each a sequence of blocks in the order of writing. Most
// are in its file; those that its quota had room for are still in memory. A stream that is not
// wanted any more gives its space back.
//
// Thread rule: thread-safe, but a stream belongs to one thread at a time, which reads and frees it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "spill/block_format.h"
#include "spill/block_log.h"
#include "spill/resident_quota.h"
#include "spill/spill_file.h"

namespace spillway::spill {

// A block that stayed in memory (block_memory.h).
struct KeptBlock {
  uint8_t* block;  // null once it was freed
  int64_t capacity;
};

class SpilledStreams {
 public:
  struct Parts {
    BlockLog log;
    std::vector<KeptBlock> kept;
    std::unique_ptr<SpillFile> file;  // null if no block was written
    ResidentQuota* quota;             // that the kept blocks are charged to; null if there are none
    arrow::MemoryPool* pool;          // of the kept blocks
  };

  explicit SpilledStreams(Parts parts) : parts_(std::move(parts)) {}
  ~SpilledStreams();
  SpilledStreams(const SpilledStreams&) = delete;
  SpilledStreams& operator=(const SpilledStreams&) = delete;

  uint32_t num_streams() const { return parts_.log.num_streams(); }
  uint32_t num_blocks() const { return parts_.log.num_blocks(); }
  int64_t StreamBytes(uint32_t stream) const { return parts_.log.StreamBytes(stream); }
  // What the file takes of the disk now.
  int64_t disk_bytes() const { return parts_.file ? parts_.file->disk_bytes() : 0; }

  // The blocks of a stream, for StreamReader: the first one, or BlockLog::kNoBlock, and each one's
  // next.
  uint32_t FirstBlock(uint32_t stream) const { return parts_.log.First(stream); }
  const LoggedBlock& Block(uint32_t number) const { return parts_.log[number]; }

  // The payload of a block that is in memory, or null.
  const uint8_t* KeptPayload(uint32_t number) const;

  // Reads the payload of a block that is in the file to `out`. kSpillDamaged if it is not what was
  // written.
  Status ReadBlock(uint32_t stream, uint32_t number, BlockCodec* codec, uint8_t* out) const;

  // Frees the blocks of `stream`, which is empty afterwards. Memory is given back at once, space of
  // the file as soon as that is worth its while.
  void Free(uint32_t stream);

 private:
  void FreeKept(KeptBlock* kept);
  void FreePages();

  Parts parts_;
  std::mutex mutex_;
  int64_t dropped_bytes_ = 0;  // of the file, since FreePages; guarded by mutex_
};

}  // namespace spillway::spill
