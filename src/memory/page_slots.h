// Small blocks that have their pages to themselves, which go back to the kernel when they are
// freed, whatever stands beside them. malloc keeps the pages of a freed block between two others:
// where hundreds of megabytes of blocks of two sizes come and go in no order, as those that spill
// do, the heap grows far beyond what is in use (docs/decisions/0004-memory-governor.md).
//
// Addresses of a size stay with it, for its next block; without pages they cost nothing. The last
// few MiB that were freed keep their pages, which are cheaper than new ones.
//
// Thread rule: thread-safe.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace spillway::memory {

// A block of `size` bytes (> 0, below kMappedBlockBytes) that starts a page. Fails with
// OutOfMemory, uncoded, where the system refuses.
Status AllocatePages(int64_t size, uint8_t** out);

void FreePages(uint8_t* block, int64_t size);

}  // namespace spillway::memory
