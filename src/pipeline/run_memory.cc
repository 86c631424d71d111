#include "pipeline/run_memory.h"

#include "memory/heap_charge.h"

namespace spillway::pipeline {
namespace {

// Grants the pool `bytes` instead of what it had.
Status Grant(memory::GovernedPool& pool, int64_t bytes) {
  pool.ReleaseUnused();
  pool.reservation().ShrinkTo(bytes);
  return pool.reservation().GrowTo(bytes);
}

// The pool that the lookups' memory comes from. It lives as long as the run does, and the heap is
// charged to the run for as long.
class LookupPool final : public memory::GovernedPool {
 public:
  LookupPool(memory::Reservation reservation, std::unique_ptr<memory::HeapCharge> charge)
      : GovernedPool(std::move(reservation)), heap_charge_(std::move(charge)) {}

 private:
  const std::unique_ptr<memory::HeapCharge> heap_charge_;
};

}  // namespace

Result<std::unique_ptr<RunMemory>> RunMemory::Make(const Plan& plan) {
  std::unique_ptr<RunMemory> memory(new RunMemory());
  ARROW_ASSIGN_OR_RAISE(memory->governor_, memory::Governor::Make(plan.budget.total_bytes,
                                                                  plan.overhead_bytes(plan.lanes)));
  memory::Governor* governor = memory->governor_.get();
  ARROW_ASSIGN_OR_RAISE(auto heap_charge, memory::HeapCharge::Make(governor));
  ARROW_ASSIGN_OR_RAISE(auto for_lookups, governor->Reserve("lookups", 0, 0));
  memory->lookup_pool_ =
      std::make_unique<LookupPool>(std::move(for_lookups), std::move(heap_charge));
  ARROW_ASSIGN_OR_RAISE(memory->read_pool_, memory::GovernedPool::Make(governor, "reading", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->transform_pool_,
                        memory::GovernedPool::Make(governor, "joined and derived columns", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->sort_pool_, memory::GovernedPool::Make(governor, "sorting", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->write_pool_, memory::GovernedPool::Make(governor, "writing", 0, 0));
  return memory;
}

Status RunMemory::GrantForStreaming(const Plan& plan) {
  ARROW_RETURN_NOT_OK(Grant(*read_pool_, plan.memory.reading_bytes));
  ARROW_RETURN_NOT_OK(Grant(*transform_pool_, plan.memory.transform_bytes));
  return Grant(*write_pool_, plan.memory.writing_bytes);
}

bool RunMemory::GrantForUnspooledWriting(const Plan& plan) {
  const int64_t bytes = plan.memory.unspooled_writing_bytes;
  const int64_t more_bytes = bytes - plan.memory.writing_bytes;
  if (bytes == 0 || in_use_bytes() + more_bytes > plan.memory.bound_bytes) return false;
  return Grant(*write_pool_, bytes).ok();
}

Status RunMemory::GrantForReading(int64_t bytes) { return Grant(*read_pool_, bytes); }

Status RunMemory::GrantForMerging(const Plan& plan) {
  ARROW_RETURN_NOT_OK(Grant(*read_pool_, 0));
  ARROW_RETURN_NOT_OK(Grant(*transform_pool_, plan.memory.merge_transform_bytes));
  return Grant(*write_pool_, plan.memory.merge_writing_bytes);
}

Status RunMemory::ReleaseGrants() {
  ARROW_RETURN_NOT_OK(Grant(*read_pool_, 0));
  ARROW_RETURN_NOT_OK(Grant(*transform_pool_, 0));
  return Grant(*write_pool_, 0);
}

int64_t RunMemory::in_use_bytes() const {
  return governor_->overhead_bytes() + governor_->held_bytes();
}

}  // namespace spillway::pipeline
