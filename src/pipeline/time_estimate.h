// How long a run will take, by rehearsing it: a small part of each lookup is read and indexed, a
// small part of the source is read, joined with that and derived from, and some of its bytes are
// transferred to where the target will be. What that takes, for a row and for a byte, is counted up
// over what there is to do.
//
// The rehearsal takes about a second, and stays within the plan's memory.
//
// Thread rule: one thread at a time.
#pragma once

#include <algorithm>

#include "base/status.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

struct TimeEstimate {
  double lookup_seconds = 0;    // to make the lookups ready
  double row_seconds = 0;       // to read, join, derive and encode the rows, in the plan's lanes
  double transfer_seconds = 0;  // of the columns that are copied, at the same time
  double bytes_per_second = 0;  // of that; 0 where nothing is transferred

  double total_seconds() const { return lookup_seconds + std::max(row_seconds, transfer_seconds); }
};

// For a plan that fits. Errors are those of reading the rows that it tries with.
Result<TimeEstimate> EstimateTime(const Plan& plan);

}  // namespace spillway::pipeline
