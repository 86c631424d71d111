// The heap's share of a governor's budget: what the process's heap takes above the governor's
// overhead is charged to the governor, so that heap and pools together never pass the budget
// (docs/decisions/0012-one-budget.md).
//
// Thread rule: a HeapCharge is made and ended by one thread, and there is one at a time; the rest
// is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "base/status.h"
#include "base/units.h"
#include "memory/governor.h"
#include "memory/heap_limit.h"

namespace spillway::memory {

// Of the budget: the program's own pages, and the stacks of its threads.
inline constexpr int64_t kProgramBytes = 16 * kMiB;

// What C++ and Rust know of each other's share of the heap, as rust/src/heap.rs has it.
struct SharedHeap {
  HeapCounters counters;  // above its limit SpillwayRaiseHeapLimit is asked
  // Below it a charge is given back: SpillwayLowerHeapLimit.
  std::atomic<int64_t> floor{std::numeric_limits<int64_t>::min()};
};

SharedHeap& HeapOfBoth();

// Of both shares.
int64_t HeapInUse();

class HeapCharge {
 public:
  // The overhead, less the program's own pages, is the heap's for nothing. Where the heap has no
  // limit (LimitHeap) nothing is charged. The governor outlives it. Fails with kBudgetExceeded
  // where the heap has more already than is free.
  static Result<std::unique_ptr<HeapCharge>> Make(Governor* governor);

  ~HeapCharge();  // gives all back
  HeapCharge(const HeapCharge&) = delete;
  HeapCharge& operator=(const HeapCharge&) = delete;

  int64_t charged_bytes() const { return reservation_.charged_bytes(); }

 private:
  explicit HeapCharge(Reservation reservation) : reservation_(std::move(reservation)) {}

  Reservation reservation_;
};

}  // namespace spillway::memory

// The slow paths of counting, for C++ and Rust. The first asks for what the heap has above its
// limit; false where `bytes`, the block that was counted last, is not to be had. The second gives
// back what is not used any more.
extern "C" bool SpillwayRaiseHeapLimit(int64_t bytes) noexcept;
extern "C" void SpillwayLowerHeapLimit() noexcept;
