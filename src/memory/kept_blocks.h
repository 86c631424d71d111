// Mapped blocks that were freed and are kept for the next allocation of about their size. Fresh
// pages cost the kernel more than the work that most stages do with them (docs/decisions/0004), and
// a lane asks for the same few sizes over and over.
//
// Thread rule: thread-safe. Kept blocks stay charged by whoever keeps them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace spillway::memory {

class KeptBlocks {
 public:
  struct Block {
    uint8_t* address;
    int64_t size;  // at least kMappedBlockBytes
  };

  // Takes out the block whose size is nearest to `size`, within a factor of two.
  std::optional<Block> Take(int64_t size);

  // Takes out the smallest block of at least `size`, and of less than twice as much.
  std::optional<Block> TakeAtLeast(int64_t size);

  // Keeps `block`; returns the oldest one where there are too many.
  std::optional<Block> Keep(Block block);

  // Takes out all of them. Where there are none it takes no lock.
  std::vector<Block> TakeAll();

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;     // guarded by mutex_; the oldest first
  std::atomic<size_t> count_{0};  // blocks_.size(), written under mutex_
};

}  // namespace spillway::memory
