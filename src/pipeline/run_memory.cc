#include "pipeline/run_memory.h"

#include "memory/overhead.h"

namespace spillway::pipeline {

Result<std::unique_ptr<RunMemory>> RunMemory::Make(const Plan& plan) {
  std::unique_ptr<RunMemory> memory(new RunMemory());
  ARROW_ASSIGN_OR_RAISE(memory->governor_, memory::Governor::Make(plan.budget.total_bytes,
                                                                  memory::kProcessOverheadBytes));
  memory::Governor* governor = memory->governor_.get();
  ARROW_ASSIGN_OR_RAISE(memory->lookup_pool_,
                        memory::GovernedPool::Make(governor, "lookups", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->read_pool_, memory::GovernedPool::Make(governor, "reading", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->transform_pool_,
                        memory::GovernedPool::Make(governor, "joined and derived columns", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->sort_pool_, memory::GovernedPool::Make(governor, "sorting", 0, 0));
  ARROW_ASSIGN_OR_RAISE(memory->write_pool_, memory::GovernedPool::Make(governor, "writing", 0, 0));
  return memory;
}

Status RunMemory::GrantForStreaming(const Plan& plan) {
  ARROW_RETURN_NOT_OK(read_pool_->reservation().GrowTo(plan.memory.reading_bytes));
  ARROW_RETURN_NOT_OK(transform_pool_->reservation().GrowTo(plan.memory.transform_bytes));
  return write_pool_->reservation().GrowTo(plan.memory.writing_bytes);
}

Status RunMemory::GrantForReading(int64_t bytes) {
  EndReading();
  return read_pool_->reservation().GrowTo(bytes);
}

void RunMemory::EndReading() {
  read_pool_->ReleaseUnused();
  read_pool_->reservation().ShrinkTo(0);
}

Status RunMemory::GrantForMerging(const Plan& plan) {
  EndReading();
  transform_pool_->ReleaseUnused();
  transform_pool_->reservation().ShrinkTo(0);
  ARROW_RETURN_NOT_OK(transform_pool_->reservation().GrowTo(plan.memory.merge_transform_bytes));
  return write_pool_->reservation().GrowTo(plan.memory.merge_writing_bytes);
}

int64_t RunMemory::in_use_bytes() const {
  return governor_->overhead_bytes() + governor_->held_bytes();
}

}  // namespace spillway::pipeline
