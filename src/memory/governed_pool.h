// An arrow::MemoryPool inside the budget: it charges a reservation before it allocates, so that
// what Arrow, Parquet and our own code allocate through it can never pass the budget. Above it the
// caller gets Status::OutOfMemory (kBudgetExceeded), never a kill by the kernel.
//
// Freed blocks go back to the kernel at once, except inside the pool's own grant: that is nobody
// else's, so large blocks are kept there, charged, for the next allocation of about their size. A
// pool that allocates much and often does well with a grant of what it has in flight.
//
// Thread rule: thread-safe, as Arrow requires. It must outlive every buffer that it made, and
// aborts where it does not: such a buffer would be freed through a pool that is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/memory_pool.h>

#include "base/status.h"
#include "memory/governor.h"
#include "memory/kept_blocks.h"

namespace spillway::memory {

class GovernedPool : public arrow::MemoryPool {
 public:
  // A pool with a reservation of its own; what Governor::Reserve says holds for the three
  // arguments. A minimum and wanted of 0 make a pool that draws only on what is free.
  static Result<std::unique_ptr<GovernedPool>> Make(Governor* governor, const std::string& tag,
                                                    int64_t minimum_bytes, int64_t wanted_bytes);

  // A pool that charges `reservation`.
  explicit GovernedPool(Reservation reservation);
  ~GovernedPool() override;

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;

  // Where a block moves by a copy, the old and the new one are both charged until it is done;
  // blocks of kMappedBlockBytes and more move without one (memory/allocator.h).
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override;  // gives back what is kept; call it before shrinking the grant

  int64_t bytes_allocated() const override { return statistics_.bytes_allocated(); }
  int64_t max_memory() const override { return statistics_.max_memory(); }
  int64_t total_bytes_allocated() const override { return statistics_.total_bytes_allocated(); }
  int64_t num_allocations() const override { return statistics_.num_allocations(); }
  std::string backend_name() const override { return "spillway"; }

  // For the owner, to grow or shrink it between stages.
  Reservation& reservation() { return reservation_; }

 private:
  bool Charge(int64_t bytes);
  Status Resize(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block);
  bool Reuse(int64_t size, int64_t alignment, uint8_t** out);
  bool GrowIntoKept(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block);
  void GiveBack(KeptBlocks::Block block, int64_t alignment);
  void Discard(KeptBlocks::Block block);
  void DiscardKept();

  Reservation reservation_;
  KeptBlocks kept_;
  arrow::internal::MemoryPoolStats statistics_;
};

}  // namespace spillway::memory
