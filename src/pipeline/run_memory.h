// The memory of a run: its governor, and a pool for each kind of work, so that the report can say
// who used how much.
//
// Thread rule: thread-safe once made.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "parquet/reader.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

class RunMemory {
 public:
  static Result<std::unique_ptr<RunMemory>> Make(const Plan& plan);

  // Grants the pools what the plan says that they use while the source streams. Inside its grant a
  // pool keeps freed blocks for the next batch instead of giving their pages back to the kernel.
  // Call it once the lookups are ready: making them so needs the memory otherwise.
  Status GrantForStreaming(const Plan& plan);

  // Grants what writing takes where new columns wait in memory, although the plan has them in
  // files, if the lookups left so much of the plan's bound. Whether they did. After
  // GrantForStreaming.
  bool GrantForUnspooledWriting(const Plan& plan);

  // Grants the read pool `bytes`, which may be 0, until the next grant.
  Status GrantForReading(int64_t bytes);

  // Takes back what the plan does not need any more once the source is sorted, and grants what it
  // needs then.
  Status GrantForMerging(const Plan& plan);

  // Takes back all grants, as before the lookups are made ready.
  Status ReleaseGrants();

  const memory::Governor& governor() const { return *governor_; }
  arrow::MemoryPool* lookup_pool() { return lookup_pool_.get(); }
  arrow::MemoryPool* read_pool() { return read_pool_.get(); }
  arrow::MemoryPool* transform_pool() { return transform_pool_.get(); }
  arrow::MemoryPool* sort_pool() { return sort_pool_.get(); }
  arrow::MemoryPool* write_pool() { return write_pool_.get(); }

  // Overhead and what the pools hold.
  int64_t in_use_bytes() const;

 private:
  RunMemory() = default;

  // Declared first, so that it goes last.
  std::unique_ptr<memory::Governor> governor_;
  std::unique_ptr<memory::GovernedPool> lookup_pool_;
  std::unique_ptr<memory::GovernedPool> read_pool_;
  std::unique_ptr<memory::GovernedPool> transform_pool_;
  std::unique_ptr<memory::GovernedPool> sort_pool_;
  std::unique_ptr<memory::GovernedPool> write_pool_;
};

}  // namespace spillway::pipeline
