#include "delta/heap_share.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <spillway_bridge/src/lib.rs.h>

#include "memory/heap_charge.h"

namespace spillway::delta {

// rust/src/heap.rs has the same struct.
static_assert(sizeof(memory::SharedHeap) == 3 * sizeof(int64_t) &&
              offsetof(memory::HeapCounters, limit) == sizeof(int64_t) &&
              offsetof(memory::SharedHeap, floor) == 2 * sizeof(int64_t) &&
              std::atomic<int64_t>::is_always_lock_free);

void LimitHeap(int64_t budget_bytes) {
  const size_t of_rust = bridge::share_heap(reinterpret_cast<size_t>(&memory::HeapOfBoth()));
  memory::LimitHeap(budget_bytes, std::bit_cast<const std::atomic<int64_t>*>(of_rust));
}

}  // namespace spillway::delta
