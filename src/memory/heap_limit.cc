// operator new is replaced for the whole program, the shared libraries of Arrow and Parquet too. It
// costs two additions to a counter; what is large and hot comes from governed pools instead. A
// block counts as what malloc gave for it, so that delete need not know what was asked for.
#include "memory/heap_limit.h"

#include <algorithm>
#include <cstdlib>
#include <malloc.h>
#include <new>

#include "base/units.h"
#include "memory/overhead.h"

namespace spillway::memory {
namespace {

constexpr int64_t kProgramBytes = 16 * kMiB;  // its own pages, and the stacks of its threads

HeapCounters heap;
std::atomic<const std::atomic<int64_t>*> others_in_use{nullptr};
thread_local int64_t refusals = 0;

int64_t OthersInUse() {
  const std::atomic<int64_t>* others = others_in_use.load(std::memory_order_relaxed);
  return others == nullptr ? 0 : others->load(std::memory_order_relaxed);
}

void* Counted(void* block) {
  if (block == nullptr) return nullptr;
  const auto bytes = static_cast<int64_t>(::malloc_usable_size(block));
  if (TakeHeap(bytes)) return block;
  std::free(block);
  return nullptr;
}

// Those of the operators below, which a sanitizer's program has not.
[[maybe_unused]] void* Allocate(size_t size) noexcept {
  // Looked at before it is asked for: a large block would be mapped for nothing.
  const int64_t limit = heap.limit.load(std::memory_order_relaxed);
  if (limit > 0 && size > static_cast<size_t>(limit)) {
    ++refusals;
    return nullptr;
  }
  return Counted(std::malloc(std::max<size_t>(size, 1)));
}

[[maybe_unused]] void* AllocateAligned(size_t size, std::align_val_t alignment) noexcept {
  const auto step = static_cast<size_t>(alignment);
  return Counted(std::aligned_alloc(step, (std::max<size_t>(size, 1) + step - 1) / step * step));
}

[[maybe_unused]] void* OrThrow(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

[[maybe_unused]] void Free(void* block) noexcept {
  if (block == nullptr) return;
  GiveHeap(static_cast<int64_t>(::malloc_usable_size(block)));
  std::free(block);
}

}  // namespace

HeapCounters& Heap() { return heap; }

void LimitHeap(int64_t budget_bytes, const std::atomic<int64_t>* others) {
  others_in_use = others;
  // A budget that is too small for any job is the plan's to refuse, which says what would do.
  heap.limit = std::max(budget_bytes - kProgramBytes, kProcessOverheadBytes);
}

bool TakeHeap(int64_t bytes) {
  const int64_t in_use = heap.in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const int64_t limit = heap.limit.load(std::memory_order_relaxed);
  if (limit == 0 || in_use + OthersInUse() <= limit) return true;
  GiveHeap(bytes);
  ++refusals;
  return false;
}

int64_t HeapRefusals() { return refusals; }

void GiveHeap(int64_t bytes) { heap.in_use.fetch_sub(bytes, std::memory_order_relaxed); }

}  // namespace spillway::memory

using spillway::memory::Allocate;
using spillway::memory::AllocateAligned;
using spillway::memory::Free;
using spillway::memory::OrThrow;

// A sanitizer has an operator new of its own, which finds more than this one could.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(size_t size) { return OrThrow(Allocate(size)); }
void* operator new[](size_t size) { return OrThrow(Allocate(size)); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(size, alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(size, alignment));
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateAligned(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateAligned(size, alignment);
}
void operator delete(void* block) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, size_t) noexcept { Free(block); }
void operator delete[](void* block, size_t) noexcept { Free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { Free(block); }
#endif
