// The worst case of a run's memory, added up line by line from the footers, before a row is read.
//
// The lookups are made ready one after another, each as an index in memory or out of core in three
// phases; then the source streams through. The bound is the largest of these moments, each on top
// of what is held by then. In key order the source streams into a sort, and then its sorted rows
// through the rest, when the lookups are not wanted any more.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "join/external_join_plan.h"
#include "pipeline/bound_pipeline.h"
#include "pipeline/key_ranges.h"
#include "pipeline/lookup_plan.h"
#include "pipeline/piece.h"
#include "pipeline/pinned_table.h"
#include "pipeline/splice_plan.h"
#include "pipeline/work_sizes.h"
#include "sort/sort_plan.h"

namespace spillway::pipeline {

struct MemoryLine {
  std::string what;
  int64_t bytes = 0;
};

// What is read at a time while a lookup is made ready, in all lanes together.
struct LookupReading {
  int64_t lookup_bytes = 0;
  int64_t source_bytes = 0;  // its keys, where the lookup is joined out of core
};

struct MemoryPlan {
  std::vector<MemoryLine> lines;  // of the heaviest moment; they add up to bound_bytes
  int64_t bound_bytes = 0;        // the run never needs more than this

  std::vector<LookupReading> lookups;

  WorkSizes decode_sizes;  // of one lane, where it writes rows that are decoded

  // What the kinds of work take while the source streams through, in all lanes together.
  int64_t reading_bytes = 0;
  int64_t transform_bytes = 0;
  int64_t writing_bytes = 0;
  // Where new columns wait in files: what writing takes where they wait in memory; 0: not foreseen.
  int64_t unspooled_writing_bytes = 0;
  // In key order, when the sorted rows are merged.
  int64_t merge_transform_bytes = 0;
  int64_t merge_writing_bytes = 0;
};

struct PlannedInputs {
  const BoundPipeline& pipeline;
  const PinnedTable& source;
  const std::vector<std::unique_ptr<PinnedTable>>& lookups;
  const SplicePlan& splice;
  const std::vector<Piece>& pieces;   // that are left to do
  const std::vector<int>& unchanged;  // see SourceUse
  bool in_key_order = false;
  int64_t most_range_bytes = std::numeric_limits<int64_t>::max();  // see PlanOptions
};

// How a lookup is joined that is no index in memory as a whole: through spill files, or, where
// there are ranges, with an index of one range of keys at a time.
struct OutOfCoreJoin {
  join::ExternalJoinPlan external = {};
  std::optional<KeyRangePlan> ranges = std::nullopt;
};

// By lookup; none where it is an index in memory.
using ExternalJoins = std::vector<std::optional<OutOfCoreJoin>>;

// A way to work: so many lanes, each in pieces of these sizes, which are number `rung` of those
// that the tables were pinned with.
struct WorkPlan {
  int lanes = 1;
  bool spools = false;  // the new columns of spliced row groups wait in files, not in memory
  WorkSizes sizes;
  size_t rung = 0;
};

// The ways to work within `working_bytes`, from `most_lanes` lanes down to one, those with as many
// lanes from large pieces to small ones; the last one is the least that there is.
std::vector<WorkPlan> WaysToWork(int64_t working_bytes, int most_lanes);

// The plan for one way to work, to join, and to sort where the inputs are in key order.
MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkPlan& work, const ExternalJoins& joins,
                      const std::optional<sort::SortPlan>& sort, int64_t overhead_bytes);

// How the source is sorted in what the budget has left beside everything else; with too little, the
// sort is as small as can be. None where it keeps its order.
std::optional<sort::SortPlan> PlanSourceSort(const PlannedInputs& inputs, const WorkPlan& work,
                                             const ExternalJoins& joins, int64_t overhead_bytes,
                                             int64_t budget_bytes);

// The lookups numbered in `external` joined out of core. They share what the budget has left beside
// everything else; with too little, they are as small as can be.
ExternalJoins PlanJoins(const PlannedInputs& inputs, const WorkPlan& work,
                        std::span<const size_t> external, int64_t overhead_bytes,
                        int64_t budget_bytes);

}  // namespace spillway::pipeline
