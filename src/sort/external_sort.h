// Sorts rows that may be many more than memory holds: lanes write sorted runs of them, and the runs
// are merged.
//
//   ARROW_ASSIGN_OR_RAISE(auto sort, ExternalSort::Make(options));
//   in each lane:  MakeWriter, Append .., Finish
//   ARROW_RETURN_NOT_OK(sort->Premerge(check));
//   ARROW_ASSIGN_OR_RAISE(auto rows, sort->Merge(limits, pool));
//
// Thread rule: one thread at a time, and all but MakeWriter when all writers have finished; a
// writer belongs to its lane.
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
#include "spill/manifest.h"

namespace spillway::sort {

class ExternalSort {
 public:
  // Keys are columns of any type that join::KindOf knows. Errors: kUnsupportedType, with the
  // column's name, for a column that cannot be spilled.
  static Result<std::unique_ptr<ExternalSort>> Make(SortOptions options);

  // A writer for one lane. The sort must outlive it. Errors of a writer: kBudgetExceeded and those
  // of spill::SpillDirectory.
  Result<std::unique_ptr<SortWriter>> MakeWriter() { return SortWriter::Make(&state_); }

  // Puts what Load needs to read the runs in a later process. What of them stayed in memory goes to
  // the files first, and Merge leaves them where they are. Errors: as of a writer.
  Status Save(spill::ManifestWriter* manifest);

  // Takes the runs that Save put, in place of writers. kSpillDamaged where the manifest does not
  // fit or a file is missing.
  Status Load(spill::ManifestReader* manifest);

  // Where there are more runs than can be read at once, merges some to longer ones; `check` is
  // called between records, and its failure ends that. Errors: those of Merge.
  Status Premerge(const std::function<Status()>& check);

  // All rows in their order, behind Premerge; batches come from `batch_pool`. To be called once.
  // The sort must outlive what it returns. Errors: kSpillDamaged, kBudgetExceeded, and those of
  // spill::SpillDirectory.
  Result<std::unique_ptr<MergedRows>> Merge(const BatchLimits& limits,
                                            arrow::MemoryPool* batch_pool);

  int64_t stored_bytes();  // of the runs, and
  int64_t kept_bytes();    // what of that stayed in memory

  // How many runs the writers made, and how many were merged to longer ones.
  int64_t num_runs() const { return num_runs_; }
  int64_t premerged_runs() const { return premerged_runs_; }

  // The most runs that are read at once.
  static constexpr int64_t kMostMergedRuns = 512;

 private:
  ExternalSort(SortOptions options, join::RowFormat format)
      : state_(std::move(options), std::move(format)) {}

  void TakeRuns();
  size_t MostRuns() const;
  void DropReadStreams();
  Result<SortedRun> MergeRuns(std::span<const SortedRun> runs,
                              const std::function<Status()>& check);

  SortState state_;
  // Of the writers that have finished, and what was merged of them.
  std::vector<std::unique_ptr<spill::SpilledStreams>> streams_;
  std::vector<SortedRun> runs_;
  bool is_saved_ = false;
  int64_t num_runs_ = 0;
  int64_t premerged_runs_ = 0;
};

}  // namespace spillway::sort
