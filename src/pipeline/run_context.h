// What everything that a run does needs.
//
// Thread rule: its parts are thread-safe, and outlive all that is given the context.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/status.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run_memory.h"

namespace spillway::pipeline {

struct RunContext {
  const Plan& plan;
  RunMemory& memory;
  Progress* progress;
  const StopSignal& stop;
  const WorkSizes& sizes;  // the plan's, or those of its memory for rows that are decoded
};

// Status::Cancelled where a stop of at least this urgency is wanted.
inline Status CheckStop(const RunContext& context, int least) {
  if (context.stop.load(std::memory_order_relaxed) < least) return Status::OK();
  return Status::Cancelled("stopped by a signal");
}

// When rows are computed.
struct Moment {
  int64_t now_micros = 0;                            // what current_timestamp() gives
  std::atomic<bool>* found_time_of_today = nullptr;  // as in expression::EvaluationContext
};

}  // namespace spillway::pipeline
