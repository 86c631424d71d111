// A job: the run of a pipeline to its end, in as many attempts as it takes. Each attempt is a plan
// of its own, which goes on after the last commit, in smaller steps than the one before. One job of
// a pipeline at a time writes a target, and cleans up what a killed one left there.
//
// Thread rule: one job per process at a time; `progress` and `stop` may be used from other threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/run.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// An attempt that failed.
struct FailedAttempt {
  int lanes = 0;
  int64_t chunk_size_rows = 0;
  int64_t rows_committed = 0;  // of the source, by this attempt
  Status status;
};

struct JobReport {
  std::unique_ptr<Plan> plan;  // of the last attempt; null where none could be made
  RunReport run;               // of the last attempt
  std::vector<FailedAttempt> failed;
  std::vector<CommittedChunk> commits;  // of all attempts
  int64_t chunks_before = 0;            // committed before the last attempt
  bool goes_on = false;                 // an earlier job had committed rows
  int64_t files_removed = 0;            // that a killed run had left
};

// "Nothing was lost: chunks 1-17 of 38 are committed, run again to go on."; empty where nothing was
// committed yet.
std::string DescribeWhatIsKept(const JobReport& job, const Progress& progress);

// What a job tells while it goes on, all by the thread that runs it.
class JobListener {
 public:
  virtual ~JobListener() = default;
  // An attempt begins, number 1 the first.
  virtual void AttemptBegins(const Plan& plan, int number) = 0;
  virtual void ChunkCommitted(const CommittedChunk& chunk) = 0;
  // An attempt failed, and the next one begins.
  virtual void AttemptFailed(const FailedAttempt& attempt, int number) = 0;
};

// Runs `spec`. Everything committed stays committed, whatever happens. `report` is filled as far as
// the job came. Errors: those of MakePlan before anything is written; kRunIsAlive; and those of Run
// that another attempt does not mend, or the last attempt's: processing.max_attempts.
Status RunJob(const spec::Spec& spec, const PlanOptions& options,
              const std::vector<JobListener*>& listeners, Progress* progress,
              const StopSignal& stop, JobReport* report);

}  // namespace spillway::pipeline
