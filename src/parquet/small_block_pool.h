// A pool for parquet-cpp's writer, which cannot be refused a small block: it makes the hash tables
// of its dictionaries (24 KiB each) without looking whether it got the memory, and writes through a
// null pointer if it did not. When the pool behind refuses a small block, this one takes it from
// malloc, uncharged, and remembers the refusal; its owner asks for that after each call and stops.
// What is uncharged is then a few blocks for each column, for as long as stopping takes.
//
// Thread rule: thread-safe, as Arrow requires. It must outlive every buffer that it made.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>

#include <arrow/memory_pool.h>

#include "base/status.h"

namespace spillway::parquet {

class SmallBlockPool : public arrow::MemoryPool {
 public:
  explicit SmallBlockPool(arrow::MemoryPool* backing) : backing_(backing) {}

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { backing_->ReleaseUnused(); }

  int64_t bytes_allocated() const override { return backing_->bytes_allocated(); }
  int64_t max_memory() const override { return backing_->max_memory(); }
  int64_t total_bytes_allocated() const override { return backing_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return backing_->num_allocations(); }
  std::string backend_name() const override { return backing_->backend_name(); }

  // What the pool behind said when it first refused a block, small or large; OK if it never did.
  Status refusal() const;

 private:
  // Handles the refusal `status` of a block of `size` bytes: lends it, or returns the refusal.
  Status Lend(const Status& status, int64_t size, int64_t alignment, uint8_t** out);
  bool IsLent(const uint8_t* buffer) const;

  arrow::MemoryPool* const backing_;
  mutable std::mutex mutex_;
  Status refusal_;                           // guarded by mutex_
  std::unordered_set<const uint8_t*> lent_;  // guarded by mutex_: blocks that are not backing_'s
};

}  // namespace spillway::parquet
