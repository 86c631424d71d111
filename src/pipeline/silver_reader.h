// The rows of the target, as a stream: source rows, joined with the lookups, with the derived
// columns. A run writes them, a validation compares them with what was written.
//
// Thread rule: LookupIndexes is immutable once built; a stream belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "join/lookup_index.h"
#include "pipeline/chunk.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run_memory.h"
#include "pipeline/source_use.h"

namespace spillway::pipeline {

using LookupIndexes = std::vector<std::unique_ptr<join::LookupIndex>>;

// When rows are computed.
struct Moment {
  int64_t now_micros = 0;               // what current_timestamp() gives
  bool* found_time_of_today = nullptr;  // as in expression::EvaluationContext
};

// Reads the lookups' tables and indexes them, and grants `memory` for streaming. `moment` is that
// of the lookups' own expressions.
Result<LookupIndexes> BuildLookupIndexes(const Plan& plan, RunMemory& memory, const Moment& moment,
                                         Progress* progress, const StopSignal& stop);

struct SilverOptions {
  std::vector<ColumnUse> uses = {};  // as in ScanTable
  bool for_writing = false;          // as in MakeDeriveStage
  bool* rows_changed = nullptr;      // as in MakeLookupStage
};

// Streams the target's rows for the source rows of `chunk`, in their order; batches have the
// pipeline's output schema. Counts the source rows as they are read. Ends with Status::Cancelled
// when `stop` says so. All arguments outlive the stream.
std::unique_ptr<arrow::RecordBatchReader> ReadSilver(const Plan& plan, const LookupIndexes& indexes,
                                                     const Chunk& chunk, RunMemory& memory,
                                                     const Moment& moment, Progress* progress,
                                                     const StopSignal& stop,
                                                     const SilverOptions& options = {});

}  // namespace spillway::pipeline
