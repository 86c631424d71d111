// What one lane takes while the source streams through: of its reader, of what stands between
// reader and writer, and of its writer. A part of MemoryPlan.
//
// Thread rule: plain values and free functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "pipeline/memory_plan.h"
#include "pipeline/work_sizes.h"

namespace spillway::pipeline {

// What one lane takes of each kind of memory.
struct LaneBytes {
  int64_t reading = 0;
  int64_t transform = 0;
  int64_t writing = 0;

  int64_t total() const { return reading + transform + writing; }
  void RaiseTo(const LaneBytes& other) {
    reading = std::max(reading, other.reading);
    transform = std::max(transform, other.transform);
    writing = std::max(writing, other.writing);
  }
};

struct LanePlan {
  LaneBytes bytes;         // the larger of what decoding and splicing take
  WorkSizes decode_sizes;  // see MemoryPlan
};

// Of a lane that works so: decoding row groups, splicing them, or both.
LanePlan PlanLane(const PlannedInputs& inputs, const WorkPlan& work);

// Between the reader and the writer: a copy of the batch where rows are dropped or multiplied, the
// added columns with an expression's intermediate results, the matches, and what expectations
// judge by.
int64_t TransformBytes(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t batch_bytes);

// Bytes of one row of the columns that lookups add.
int64_t LookupRowBytes(const PlannedInputs& inputs);

}  // namespace spillway::pipeline
