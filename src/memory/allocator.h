// What stands behind the governed pools and behind malloc. The budget counts resident memory, so
// what is freed must go back to the kernel at once. The choice and its measurements are in
// docs/decisions/0004-memory-governor.md.
//
// Thread rule: ConfigureAllocator is called once, first in main, before there are threads; the rest
// may be called from any thread.
#pragma once

#include <cstdint>

#include <arrow/memory_pool.h>

#include "base/status.h"

namespace spillway::memory {

// Sets malloc up so that it gives pages back, and makes Arrow's default pool, which a library may
// use behind our back, an ordinary user of malloc.
void ConfigureAllocator();

// A pool for the little that is read before there is a governor (footers, for the plan), under the
// heap's limit (memory/heap_limit.h) alone. It lives until the process ends.
arrow::MemoryPool* BackingPool();

// Blocks of at least this size are mapped by themselves: freed, they are gone; grown, they move
// without a copy. Smaller ones come from malloc, or, with kOwnPages as their alignment, have pages
// of their own, which are gone when they are freed (memory/page_slots.h). Their sizes had better be
// whole pages, for that is what they take.
inline constexpr int64_t kMappedBlockBytes = 256 * 1024;
inline constexpr int64_t kOwnPages = 4096;

// Allocates `size` bytes aligned to `alignment` (a power of two, at most kOwnPages). 0 bytes give
// an address that is not null. Fails with OutOfMemory, uncoded, where the system refuses.
Status AllocateBlock(int64_t size, int64_t alignment, uint8_t** out);

// Changes the size of a block, keeping its bytes; it may move. On failure it stays as it was.
Status ReallocateBlock(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block);

// With the alignment that it was allocated with.
void FreeBlock(uint8_t* block, int64_t size, int64_t alignment);

// The bytes that exist while ReallocateBlock runs: both sizes where it copies, the larger one where
// it only maps.
int64_t BytesDuringReallocation(int64_t old_size, int64_t new_size);

}  // namespace spillway::memory
