// The memory of one block: room for its header, its payload, and some bytes behind them, over which
// a copy in whole words may run.
//
// Thread rule: free functions; as the pool.
#pragma once

#include <cstdint>

#include <arrow/memory_pool.h>

#include "base/status.h"
#include "spill/block_format.h"

namespace spillway::spill {

inline constexpr int64_t kBlockSlackBytes = 64;

inline int64_t AllocatedBytes(int64_t capacity) { return capacity + kBlockSlackBytes; }

// A block whose header and payload have `capacity` bytes together.
inline Result<uint8_t*> AllocateBlock(int64_t capacity, arrow::MemoryPool* pool) {
  uint8_t* block = nullptr;
  ARROW_RETURN_NOT_OK(pool->Allocate(AllocatedBytes(capacity), &block));
  return block;
}

// Lowers the capacity of a block, which may move.
inline Status TrimBlock(int64_t capacity, int64_t new_capacity, arrow::MemoryPool* pool,
                        uint8_t** block) {
  return pool->Reallocate(AllocatedBytes(capacity), AllocatedBytes(new_capacity), block);
}

inline void FreeBlock(uint8_t* block, int64_t capacity, arrow::MemoryPool* pool) {
  pool->Free(block, AllocatedBytes(capacity));
}

inline uint8_t* PayloadOf(uint8_t* block) { return block + kHeaderBytes; }

}  // namespace spillway::spill
