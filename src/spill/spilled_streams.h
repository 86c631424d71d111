// What one SpillWriter wrote: its streams, each a sequence of blocks in the order of writing. Most
// are in its files; those that its quota had room for are still in memory. A stream that is not
// wanted any more gives its space back.
//
// Streams share a file with their neighbours, an eighth of all, and the file goes when all of them
// are freed. So streams are best freed in about the order of their numbers. Holes in one file would
// give space back earlier, but cost more than the I/O of what they free (docs/decisions/0005).
//
// Thread rule: thread-safe, but a stream belongs to one thread at a time, which reads and frees it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "spill/block_format.h"
#include "spill/block_log.h"
#include "spill/manifest.h"
#include "spill/resident_quota.h"
#include "spill/spill_directory.h"
#include "spill/spill_file.h"

namespace spillway::spill {

// The files of one writer, and the one in which a stream is.
inline constexpr uint32_t kSpillFiles = 8;
inline uint32_t FileOf(uint32_t stream, uint32_t streams) {
  return static_cast<uint32_t>(uint64_t{stream} * kSpillFiles / streams);
}

// A block that stayed in memory (block_memory.h).
struct KeptBlock {
  uint8_t* block;  // null once it was freed
  int64_t block_bytes;
};

class SpilledStreams {
 public:
  struct Parts {
    BlockLog log;
    std::vector<KeptBlock> kept;
    std::vector<std::unique_ptr<SpillFile>> files;  // null where no block was written
    ResidentQuota* quota;     // that the kept blocks are charged to; null if there are none
    arrow::MemoryPool* pool;  // of the kept blocks
  };

  explicit SpilledStreams(Parts parts);
  ~SpilledStreams();
  SpilledStreams(const SpilledStreams&) = delete;
  SpilledStreams& operator=(const SpilledStreams&) = delete;

  uint32_t num_streams() const { return parts_.log.num_streams(); }
  uint32_t num_blocks() const { return parts_.log.num_blocks(); }
  int64_t StreamBytes(uint32_t stream) const { return parts_.log.StreamBytes(stream); }

  // The blocks of a stream, for StreamReader: the first one, or BlockLog::kNoBlock, and each one's
  // next.
  uint32_t FirstBlock(uint32_t stream) const { return parts_.log.First(stream); }
  const LoggedBlock& Block(uint32_t number) const { return parts_.log[number]; }

  // The payload of a block that is in memory, or null.
  const uint8_t* KeptPayload(uint32_t number) const;

  // Reads the payload of a block that is in the file to `out`. kSpillDamaged if it is not what was
  // written.
  Status ReadBlock(uint32_t stream, uint32_t number, BlockCodec* codec, uint8_t* out) const;

  // What a block takes of the file; 0 where it is in memory.
  int64_t BytesInFile(uint32_t number) const;

  // Blocks that the kernel was asked to fetch: the first one behind them, and their bytes in the
  // file.
  struct Ahead {
    uint32_t next;
    int64_t bytes;
  };
  // Lets the kernel begin to fetch the blocks of `stream` from number `first` on that will be read
  // soon: so many that they have at least `bytes` bytes of the file, if there are.
  Ahead WillRead(uint32_t stream, uint32_t first, int64_t bytes) const;
  // The same from the stream's start: as much as a partition or a bucket has that is not skewed.
  void WillRead(uint32_t stream) const;

  // Frees the blocks of `stream`, which is empty afterwards. Memory is given back at once.
  void Free(uint32_t stream);

  // What stayed in memory, in bytes of the file.
  int64_t kept_bytes() const;
  int64_t stored_bytes() const;  // of all blocks

  // Puts what Load needs to read these streams once more, in a later process. What stayed in
  // memory goes to the files first. A stream that was freed is empty.
  Status Save(SpillDirectory* directory, const std::string& purpose, ManifestWriter* manifest);

  // The streams that Save put. A stream whose file is gone meanwhile is not there.
  // kSpillDamaged where the manifest does not fit.
  static Result<std::unique_ptr<SpilledStreams>> Load(SpillDirectory* directory,
                                                      ManifestReader* manifest,
                                                      arrow::MemoryPool* pool);

  // Whether the stream can be read: it has no blocks, or the file is there in which they are.
  bool IsThere(uint32_t stream) const;

 private:
  void FreeKept(KeptBlock* kept);
  Status WriteKept(SpillDirectory* directory, const std::string& purpose, uint32_t stream,
                   uint32_t number);

  Parts parts_;
  std::mutex mutex_;
  std::array<uint32_t, kSpillFiles> live_streams_ = {};  // of each file; guarded by mutex_
};

}  // namespace spillway::spill
