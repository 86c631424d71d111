// Runs a plan: makes the lookups ready, then reads, joins, writes and commits chunk after chunk.
//
// Thread rule: one run per process at a time; `progress` and `stop` may be used from other threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "memory/balance.h"
#include "pipeline/checkpoint.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"

namespace spillway::pipeline {

struct RunReport {
  bool already_finished = false;  // an earlier run committed all of it; nothing was done
  bool stopped = false;           // by the stop signal, after a chunk
  int64_t source_rows = 0;        // read by this run
  int64_t kept_rows = 0;          // of the source, that an earlier attempt had written
  int64_t rows_written = 0;
  int64_t bytes_written = 0;
  int64_t files_written = 0;
  int64_t copied_bytes = 0;        // of source files, into those of the target
  int64_t shared_bytes = 0;        // of those; they take no room on the disk
  int64_t spliced_row_groups = 0;  // whose unchanged columns were copied
  int64_t spilled_bytes = 0;       // written to spill files
  ExpectationCounts expectations;  // by expectation, in the rows that were written, and kept ones
  int64_t chunks_committed = 0;
  int64_t chunks_left = 0;
  int64_t target_version = -1;
  double lookup_seconds = 0;
  bool joins_taken_over = false;  // of an earlier run, which was killed
  bool sort_taken_over = false;   // the same
  double total_seconds = 0;
  int64_t peak_memory_bytes = 0;  // RssAnon + RssShmem, sampled
  std::vector<memory::TagUsage> memory_by_use;
};

// Rows of the source that one commit made visible in the target.
struct CommittedChunk {
  int64_t first_ordinal = 0;
  int64_t end_ordinal = 0;
  int64_t chunks = 1;  // of the plan; more where all are published at the end
  int64_t rows = 0;    // of the target
  int64_t bytes = 0;
  int64_t files = 0;
  int64_t target_version = -1;
};
using OnCommit = std::function<void(const CommittedChunk&)>;

// Executes `plan`. Everything committed stays committed, whatever happens; the same plan made again
// goes on after it. Errors: kBudgetTooSmall before anything is written; then kBudgetExceeded,
// kEvaluation, kCorruptDataFile, kDuplicateLookupKey, kCommitConflict and storage errors;
// Status::Cancelled after a stop at once.
//
// What is written and not committed is put on record in `checkpoint`, where one is given.
// `on_commit` is called behind each commit, by the caller's thread.
Result<RunReport> Run(const Plan& plan, Progress* progress, const StopSignal& stop,
                      Checkpoint* checkpoint = nullptr, const OnCommit& on_commit = nullptr);

}  // namespace spillway::pipeline
