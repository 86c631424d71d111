// How many bytes of spilled blocks may stay in memory instead of being written: shared by all
// writers of a job, so that one which nearly fits its memory hardly touches the disk.
//
// Thread rule: thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace spillway::spill {

class ResidentQuota {
 public:
  explicit ResidentQuota(int64_t bytes) : free_bytes_(bytes) {}

  bool TryTake(int64_t bytes) {
    int64_t free = free_bytes_.load(std::memory_order_relaxed);
    while (free >= bytes) {
      if (free_bytes_.compare_exchange_weak(free, free - bytes, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  void Give(int64_t bytes) { free_bytes_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> free_bytes_;
};

}  // namespace spillway::spill
