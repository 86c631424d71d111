// A limit for the heap that is no pool's: what libraries allocate by what a file says of itself
// (Thrift footers, the Delta kernel), our own containers, and the few blocks of BackingPool. During
// a run a governor raises the limit while it has memory (heap_charge.h). Above it operator new
// throws std::bad_alloc, and Rust ends the process with the coded error (rust/src/heap.rs); so does
// base/uncaught where nobody catches a std::bad_alloc. Without it the kernel's OOM killer would.
//
// Thread rule: thread-safe. Of necessity this is global: a process has one heap.
#pragma once

#include <atomic>
#include <cstdint>

namespace spillway::memory {

// The share of C++, as rust/src/heap.rs reads it.
struct HeapCounters {
  std::atomic<int64_t> in_use{0};
  std::atomic<int64_t> limit{0};  // of both shares together; 0: none
};

HeapCounters& Heap();

// Makes a process whose budget is `budget_bytes` keep its heap below that, with room for the
// program's own pages. `others`, the bytes of the other share, live on.
void LimitHeap(int64_t budget_bytes, const std::atomic<int64_t>* others);

// Counts `bytes` as taken; false, and nothing is counted, if that is above the limit.
bool TakeHeap(int64_t bytes);

// How often that happened to the calling thread: a library may have made another exception of it.
int64_t HeapRefusals();

void GiveHeap(int64_t bytes);

}  // namespace spillway::memory
