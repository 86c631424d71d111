// Lanes that share out numbered items among themselves, each item to one of them.
//
// Thread rule: thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/status.h"

namespace spillway::pipeline {

class LaneItems {
 public:
  explicit LaneItems(int64_t count) : count_(count) {}

  // The next item that nobody has taken; none where there is none left, or a lane has failed.
  std::optional<int64_t> Take() {
    if (failed_.load(std::memory_order_relaxed)) return std::nullopt;
    const int64_t item = next_.fetch_add(1, std::memory_order_relaxed);
    return item < count_ ? std::optional(item) : std::nullopt;
  }
  void Fail() { failed_.store(true, std::memory_order_relaxed); }

 private:
  const int64_t count_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> failed_{false};
};

// Runs `lane` on `lanes` threads, which take the items 0 to count - 1, and waits for all of them.
// Where some fail, the failure of the first lane among them is returned.
Status RunLanes(int lanes, int64_t count, const std::function<Status(LaneItems&)>& lane);

}  // namespace spillway::pipeline
