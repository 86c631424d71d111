// The memory of one block: room for its header, its payload, and some bytes behind them, over which
// a copy in whole words may run.
//
// Thread rule: free functions; as the pool.
#pragma once

#include <cstdint>

#include <arrow/memory_pool.h>

#include "base/status.h"
#include "memory/allocator.h"
#include "spill/block_format.h"
#include "spill/spill_file.h"

namespace spillway::spill {

inline constexpr int64_t kBlockSlackBytes = 64;

// The size of a block, in whole pages, whose payload has room for `bytes`.
inline constexpr int64_t BlockBytesFor(int64_t bytes) {
  return (kHeaderBytes + bytes + kBlockSlackBytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

// What a block of this size has room for.
inline constexpr int64_t PayloadRoom(int64_t block_bytes) {
  return block_bytes - kHeaderBytes - kBlockSlackBytes;
}

// Blocks are many, of several sizes, and go in another order than they came: they have pages of
// their own.
inline Result<uint8_t*> AllocateBlock(int64_t block_bytes, arrow::MemoryPool* pool) {
  uint8_t* block = nullptr;
  ARROW_RETURN_NOT_OK(pool->Allocate(block_bytes, memory::kOwnPages, &block));
  return block;
}

// Makes a block smaller, which may move.
inline Status TrimBlock(int64_t block_bytes, int64_t new_bytes, arrow::MemoryPool* pool,
                        uint8_t** block) {
  return pool->Reallocate(block_bytes, new_bytes, memory::kOwnPages, block);
}

inline void FreeBlock(uint8_t* block, int64_t block_bytes, arrow::MemoryPool* pool) {
  pool->Free(block, block_bytes, memory::kOwnPages);
}

inline uint8_t* PayloadOf(uint8_t* block) { return block + kHeaderBytes; }

}  // namespace spillway::spill
