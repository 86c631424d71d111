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
#include "pipeline/splice_plan.h"
#include "pipeline/work_sizes.h"

namespace spillway::pipeline {

struct MemoryLine {
  std::string what;
  int64_t bytes = 0;
};

struct MemoryPlan {
  std::vector<MemoryLine> lines;  // of the heaviest moment; they add up to bound_bytes
  int64_t bound_bytes = 0;        // the run never needs more than this

  // What the kinds of work take while the source streams through, in all lanes together.
  int64_t reading_bytes = 0;
  int64_t transform_bytes = 0;
  int64_t writing_bytes = 0;
};

struct PlannedInputs {
  const BoundPipeline& pipeline;
  const PinnedTable& source;
  const std::vector<std::unique_ptr<PinnedTable>>& lookups;
  const SplicePlan& splice;
};

// A way to work: so many lanes, each in pieces of these sizes, which are number `rung` of those
// that the tables were pinned with.
struct WorkPlan {
  int lanes = 1;
  WorkSizes sizes;
  size_t rung = 0;
};

// The ways to work within `working_bytes`, from `most_lanes` lanes down to one; the last one is the
// least that there is.
std::vector<WorkPlan> WaysToWork(int64_t working_bytes, int most_lanes);

// The most that building the index of `lookup` from `table` takes, its result included.
int64_t IndexBytes(const BoundLookup& lookup, const PinnedTable& table);

// The plan for one way to work.
MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkPlan& work, int64_t overhead_bytes);

// What the new columns of a source row take in the encoded row group that is held in memory until
// its source's other columns are copied.
int64_t EncodedRowBytes(const PlannedInputs& inputs);

}  // namespace spillway::pipeline
