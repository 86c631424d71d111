// A pool for tests that fails on purpose: the Nth allocation, or each with a probability. It stands
// in front of another pool, to prove that code hands an error back, and its memory too.
//
// Thread rule: thread-safe. Which allocation numbers fail depends on the plan alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <arrow/memory_pool.h>

#include "base/status.h"

namespace spillway::memory {

struct FaultPlan {
  int64_t fail_at = 0;     // the allocation or growing reallocation that fails, from 1; 0 = none
  double probability = 0;  // of every other one, by its number and `seed`
  uint64_t seed = 1;
};

class FaultPool : public arrow::MemoryPool {
 public:
  FaultPool(arrow::MemoryPool* backing, FaultPlan plan);

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;

  int64_t bytes_allocated() const override { return backing_->bytes_allocated(); }
  int64_t max_memory() const override { return backing_->max_memory(); }
  int64_t total_bytes_allocated() const override { return backing_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return backing_->num_allocations(); }
  std::string backend_name() const override { return backing_->backend_name(); }

  // How many requests came, and how many of them were made to fail.
  int64_t requests() const { return requests_.load(); }
  int64_t faults() const { return faults_.load(); }

 private:
  Status CountRequest(int64_t size);

  arrow::MemoryPool* const backing_;
  const FaultPlan plan_;
  std::atomic<int64_t> requests_{0};
  std::atomic<int64_t> faults_{0};
};

}  // namespace spillway::memory
