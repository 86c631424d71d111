// operator new is replaced for the whole program, the shared libraries of Arrow and Parquet too. It
// costs two additions to a counter; what is large and hot comes from governed pools instead. A
// block counts as what malloc gave for it, so that delete need not know what was asked for.
//
// Above the limit, and a good step below it, a mutex is taken: there the reservation of a
// HeapCharge is charged, or gets bytes back. What malloc keeps of freed blocks is still resident,
// so it is trimmed before that.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <malloc.h>
#include <mutex>
#include <new>

#include "base/units.h"
#include "memory/heap_charge.h"
#include "memory/overhead.h"

namespace spillway::memory {
namespace {

// What is charged at a time, and what has to be unused before some of it is given back.
constexpr int64_t kStepBytes = kMiB;
constexpr int64_t kUnusedBytes = 8 * kMiB;
// Where nothing is left small blocks may still have so much of the program's share, so that the
// error can be told.
constexpr int64_t kSmallBlockBytes = 16 * 1024;
constexpr int64_t kForErrorsBytes = 2 * kMiB;

SharedHeap heap;
std::atomic<const std::atomic<int64_t>*> others_in_use{nullptr};
std::atomic<int64_t> process_limit{0};  // LimitHeap's
thread_local int64_t refusals = 0;

std::mutex charging;  // guards the three below, and changes of heap.counters.limit and floor
Reservation* charged_to = nullptr;  // null: nothing is charged
int64_t own_heap_bytes = 0;
int64_t charged_heap_bytes = 0;

int64_t OthersInUse() {
  const std::atomic<int64_t>* others = others_in_use.load(std::memory_order_relaxed);
  return others == nullptr ? 0 : others->load(std::memory_order_relaxed);
}

// With `charging` held.
void SetLimits() {
  if (charged_to == nullptr) {
    heap.counters.limit = process_limit.load();
    heap.floor = std::numeric_limits<int64_t>::min();
    return;
  }
  const int64_t limit = own_heap_bytes + charged_heap_bytes;
  heap.counters.limit = limit;
  heap.floor = charged_heap_bytes > 0 ? limit - kUnusedBytes : std::numeric_limits<int64_t>::min();
}

// With `charging` held: whether the heap, and `more_bytes`, are no more than its limit, which is
// raised for that.
bool ChargeWhatIsMissing(int64_t more_bytes) {
  const int64_t missing = HeapInUse() + more_bytes - heap.counters.limit.load();
  if (missing <= 0) return true;
  if (charged_to == nullptr) return false;
  int64_t bytes = (missing + kStepBytes - 1) / kStepBytes * kStepBytes;
  if (!charged_to->TryCharge(bytes)) {
    bytes = missing;
    if (!charged_to->TryCharge(bytes)) return false;
  }
  charged_heap_bytes += bytes;
  SetLimits();
  return true;
}

bool WouldPassLimit(int64_t bytes) {
  const int64_t limit = heap.counters.limit.load(std::memory_order_relaxed);
  return limit > 0 &&
         heap.counters.in_use.load(std::memory_order_relaxed) + OthersInUse() + bytes > limit;
}

// A large block is not counted before it is granted: small ones, which errors are told with, would
// be refused meanwhile.
bool TakeLarge(int64_t bytes) {
  const std::lock_guard lock(charging);
  if (ChargeWhatIsMissing(bytes)) {
    heap.counters.in_use.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  ++refusals;
  return false;
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
  const int64_t limit = process_limit.load(std::memory_order_relaxed);
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

HeapCounters& Heap() { return heap.counters; }

SharedHeap& HeapOfBoth() { return heap; }

void LimitHeap(int64_t budget_bytes, const std::atomic<int64_t>* others) {
  const std::lock_guard lock(charging);
  others_in_use = others;
  // A budget that is too small for any job is the plan's to refuse, which says what would do.
  process_limit =
      budget_bytes == 0 ? 0 : std::max(budget_bytes - kProgramBytes, kProcessOverheadBytes);
  SetLimits();
}

bool TakeHeap(int64_t bytes) {
  if (bytes > kSmallBlockBytes && WouldPassLimit(bytes)) return TakeLarge(bytes);
  const int64_t in_use = heap.counters.in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const int64_t limit = heap.counters.limit.load(std::memory_order_relaxed);
  if (limit == 0 || in_use + OthersInUse() <= limit) return true;
  if (SpillwayRaiseHeapLimit(bytes)) return true;
  GiveHeap(bytes);
  ++refusals;
  return false;
}

int64_t HeapRefusals() { return refusals; }

void GiveHeap(int64_t bytes) {
  const int64_t in_use = heap.counters.in_use.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
  if (in_use + OthersInUse() < heap.floor.load(std::memory_order_relaxed)) SpillwayLowerHeapLimit();
}

int64_t HeapInUse() { return heap.counters.in_use.load() + OthersInUse(); }

Result<std::unique_ptr<HeapCharge>> HeapCharge::Make(Governor* governor) {
  ARROW_ASSIGN_OR_RAISE(Reservation reservation, governor->Reserve("logs and footers", 0, 0));
  std::unique_ptr<HeapCharge> charge(new HeapCharge(std::move(reservation)));
  ::malloc_trim(0);
  bool is_granted = true;
  {
    const std::lock_guard lock(charging);
    if (process_limit == 0) return charge;
    charged_to = &charge->reservation_;
    own_heap_bytes = std::max<int64_t>(governor->overhead_bytes() - kProgramBytes, 0);
    SetLimits();
    is_granted = ChargeWhatIsMissing(0);
    if (!is_granted) charged_to = nullptr;
    SetLimits();
  }
  if (is_granted) return charge;
  return charge->reservation_.RefusedCharge(HeapInUse() - own_heap_bytes);
}

HeapCharge::~HeapCharge() {
  const std::lock_guard lock(charging);
  if (charged_to != &reservation_) return;
  reservation_.Uncharge(charged_heap_bytes);
  charged_to = nullptr;
  charged_heap_bytes = 0;
  SetLimits();
}

}  // namespace spillway::memory

using spillway::memory::Allocate;
using spillway::memory::AllocateAligned;
using spillway::memory::Free;
using spillway::memory::OrThrow;

bool SpillwayRaiseHeapLimit(int64_t bytes) noexcept {
  using namespace spillway::memory;  // NOLINT(google-build-using-namespace)
  const std::lock_guard lock(charging);
  if (ChargeWhatIsMissing(0)) return true;
  return bytes <= kSmallBlockBytes && HeapInUse() <= heap.counters.limit.load() + kForErrorsBytes;
}

void SpillwayLowerHeapLimit() noexcept {
  using namespace spillway::memory;  // NOLINT(google-build-using-namespace)
  const std::lock_guard lock(charging);
  if (charged_to == nullptr) return;
  const int64_t unused =
      std::min(heap.counters.limit.load() - HeapInUse() - kStepBytes, charged_heap_bytes);
  if (unused < kUnusedBytes - 2 * kStepBytes && unused < charged_heap_bytes) return;
  ::malloc_trim(0);
  charged_to->Uncharge(unused);
  charged_heap_bytes -= unused;
  SetLimits();
}

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
