#include "memory/allocator.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <string>
#include <sys/mman.h>

#include "base/page_size.h"
#include "memory/heap_limit.h"
#include "memory/page_slots.h"

namespace spillway::memory {
namespace {

// Two arenas are enough for the small blocks of a few threads, and each keeps pages of its own.
constexpr int kMallocArenas = 2;
constexpr int kMallocTrimBytes = 1024 * 1024;
constexpr int64_t kLargestBlockBytes = int64_t{1} << 46;

// What a block of no bytes points at. It is never written.
alignas(4096) uint8_t kEmptyBlock[1];

// Where malloc's own address of a block stands: right before the block. Aligned here, and not by
// posix_memalign: glibc (before 2.38) asks itself for more than it keeps then, so that a freed
// block between two others has no room for another of its size, and the heap grows by what is
// freed.
uint8_t*& AddressBefore(uint8_t* block) { return reinterpret_cast<uint8_t**>(block)[-1]; }

// ThreadSanitizer does not see mremap: what other threads once did at the new address looks like a
// race with what is done there now.
#ifdef __SANITIZE_THREAD__
constexpr bool kRemaps = false;
#else
constexpr bool kRemaps = true;
#endif

bool IsMapped(int64_t size) { return size >= kMappedBlockBytes; }

Status Refused(int64_t size, int error_number) {
  return Status::OutOfMemory("the system refused a block of ", size,
                             " bytes: ", std::strerror(error_number));
}

Status CheckSize(int64_t size) {
  if (size < 0) return Status::Invalid("a block of ", size, " bytes");
  if (size > kLargestBlockBytes) return Refused(size, ENOMEM);
  return Status::OK();
}

Status MapBlock(int64_t size, uint8_t** out) {
  void* block = ::mmap(nullptr, PageRounded(size), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return Refused(size, errno);
  *out = static_cast<uint8_t*>(block);
  return Status::OK();
}

Status RemapBlock(int64_t old_size, int64_t new_size, uint8_t** block) {
  void* moved = ::mremap(*block, PageRounded(old_size), PageRounded(new_size), MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) return Refused(new_size, errno);
  *block = static_cast<uint8_t*>(moved);
  return Status::OK();
}

// Arrow's system pool under the heap's limit.
class HeapPool : public arrow::MemoryPool {
 public:
  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (!TakeHeap(size)) return AboveLimit(size);
    const Status status = system_->Allocate(size, alignment, out);
    if (!status.ok()) GiveHeap(size);
    return status;
  }

  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override {
    if (!TakeHeap(new_size)) return AboveLimit(new_size);
    const Status status = system_->Reallocate(old_size, new_size, alignment, ptr);
    GiveHeap(status.ok() ? old_size : new_size);
    return status;
  }

  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    system_->Free(buffer, size, alignment);
    GiveHeap(size);
  }

  int64_t bytes_allocated() const override { return system_->bytes_allocated(); }
  int64_t max_memory() const override { return system_->max_memory(); }
  int64_t total_bytes_allocated() const override { return system_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return system_->num_allocations(); }
  std::string backend_name() const override { return "spillway-heap"; }

 private:
  static Status AboveLimit(int64_t size) {
    return Status::OutOfMemory("a footer or page index needs ", size,
                               " bytes, more than the budget allows");
  }

  arrow::MemoryPool* const system_ = arrow::system_memory_pool();
};

}  // namespace

void ConfigureAllocator() {
  ::mallopt(M_ARENA_MAX, kMallocArenas);
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(kMappedBlockBytes));
  ::mallopt(M_TRIM_THRESHOLD, kMallocTrimBytes);
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", /*overwrite=*/0);
}

arrow::MemoryPool* BackingPool() {
  static HeapPool pool;
  return &pool;
}

Status AllocateBlock(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(CheckSize(size));
  if (size == 0) {
    *out = kEmptyBlock;
    return Status::OK();
  }
  if (IsMapped(size)) return MapBlock(size, out);
  if (alignment >= kOwnPages) return AllocatePages(size, out);
  // malloc's addresses are multiples of its own alignment, so that there is room before the block.
  const auto step = std::max(static_cast<size_t>(alignment), alignof(std::max_align_t));
  auto* address = static_cast<uint8_t*>(std::malloc(static_cast<size_t>(size) + step));
  if (address == nullptr) return Refused(size, ENOMEM);
  *out = address + step - reinterpret_cast<uintptr_t>(address) % step;
  AddressBefore(*out) = address;
  return Status::OK();
}

Status ReallocateBlock(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block) {
  ARROW_RETURN_NOT_OK(CheckSize(new_size));
  if (kRemaps && IsMapped(old_size) && IsMapped(new_size))
    return RemapBlock(old_size, new_size, block);
  uint8_t* copy = nullptr;
  ARROW_RETURN_NOT_OK(AllocateBlock(new_size, alignment, &copy));
  std::memcpy(copy, *block, static_cast<size_t>(std::min(old_size, new_size)));
  FreeBlock(*block, old_size, alignment);
  *block = copy;
  return Status::OK();
}

void FreeBlock(uint8_t* block, int64_t size, int64_t alignment) {
  if (size == 0) return;
  if (IsMapped(size)) {
    ::munmap(block, PageRounded(size));
  } else if (alignment >= kOwnPages) {
    FreePages(block, size);
  } else {
    std::free(AddressBefore(block));
  }
}

int64_t BytesDuringReallocation(int64_t old_size, int64_t new_size) {
  const bool remapped = IsMapped(old_size) && IsMapped(new_size);
  return remapped ? std::max(old_size, new_size) : old_size + new_size;
}

}  // namespace spillway::memory
