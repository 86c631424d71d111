// The worst case of a run's memory, added up line by line from the footers, before a row is read.
//
// A run has two phases that do not overlap: the lookups' indexes are built one after another, then
// the source streams through. The bound is the larger of the two, on top of what is held
// throughout.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/bound_pipeline.h"
#include "pipeline/pinned_table.h"
#include "pipeline/work_sizes.h"

namespace spillway::pipeline {

struct MemoryLine {
  std::string what;
  int64_t bytes = 0;
};

struct MemoryPlan {
  std::vector<MemoryLine> lines;  // of the heaviest moment; they add up to bound_bytes
  int64_t bound_bytes = 0;        // the run never needs more than this

  // What the kinds of work take while the source streams through.
  int64_t reading_bytes = 0;
  int64_t transform_bytes = 0;
  int64_t writing_bytes = 0;
};

struct PlannedInputs {
  const BoundPipeline& pipeline;
  const PinnedTable& source;
  const std::vector<std::unique_ptr<PinnedTable>>& lookups;
};

// The most that building the index of `lookup` from `table` takes, its result included.
int64_t IndexBytes(const BoundLookup& lookup, const PinnedTable& table);

// The plan for working in pieces of `sizes`, with which the tables were pinned.
MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t overhead_bytes);

// The plan for the smallest pieces that there are; its bound is the least budget that would do.
MemoryPlan PlanMemoryInSmallestPieces(const PlannedInputs& inputs, int64_t overhead_bytes);

}  // namespace spillway::pipeline
