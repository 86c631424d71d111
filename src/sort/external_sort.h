// Sorts rows that may be many more than memory holds: lanes write sorted runs of them, and the runs
// are merged.
//
//   ARROW_ASSIGN_OR_RAISE(auto sort, ExternalSort::Make(options));
//   in each lane:  MakeWriter, Append .., Finish
//   ARROW_ASSIGN_OR_RAISE(auto rows, sort->Merge(limits, pool, stop));
//
// Thread rule: MakeWriter and Merge by one thread at a time, Merge when all writers have finished;
// a writer belongs to its lane.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "sort/merged_rows.h"
#include "sort/sort_options.h"
#include "sort/sort_state.h"
#include "sort/sort_writer.h"

namespace spillway::sort {

class ExternalSort {
 public:
  // Keys are columns of any type that join::KindOf knows. Errors: kUnsupportedType, with the
  // column's name, for a column that cannot be spilled.
  static Result<std::unique_ptr<ExternalSort>> Make(SortOptions options);

  // A writer for one lane. The sort must outlive it. Errors of a writer: kBudgetExceeded and those
  // of spill::SpillDirectory.
  Result<std::unique_ptr<SortWriter>> MakeWriter() { return SortWriter::Make(&state_); }

  // All rows in their order; batches come from `batch_pool`. Where there are more runs than can be
  // read at once, some are merged to longer ones first; `check` is called between records, and its
  // failure ends that. To be called once. The sort must outlive what it returns. Errors:
  // kSpillDamaged, kBudgetExceeded, and those of spill::SpillDirectory.
  Result<std::unique_ptr<MergedRows>> Merge(const BatchLimits& limits,
                                            arrow::MemoryPool* batch_pool,
                                            const std::function<Status()>& check);

  // How many runs the writers made, and how many were merged to longer ones.
  int64_t num_runs() const { return num_runs_; }
  int64_t premerged_runs() const { return premerged_runs_; }

  // The most runs that are read at once.
  static constexpr int64_t kMostMergedRuns = 512;

 private:
  ExternalSort(SortOptions options, join::RowFormat format)
      : state_(std::move(options), std::move(format)) {}

  std::vector<SortedRun> TakeRuns();
  size_t MostRuns(const std::vector<SortedRun>& runs) const;
  Result<SortedRun> MergeRuns(std::span<const SortedRun> runs,
                              const std::function<Status()>& check);

  SortState state_;
  std::vector<std::unique_ptr<spill::SpilledStreams>> streams_;
  int64_t num_runs_ = 0;
  int64_t premerged_runs_ = 0;
};

}  // namespace spillway::sort
