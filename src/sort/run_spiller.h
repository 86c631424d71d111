// Writes sorted runs to spill files, one after another.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "sort/record.h"
#include "sort/sort_state.h"

namespace spillway::sort {

class RunSpiller {
 public:
  // Runs of one SpillWriter; the next ones get another. A writer has a few files, so this bounds
  // how many are open.
  static constexpr uint32_t kRunsPerWriter = 1024;

  // `state` must outlive it; `runs_per_writer` runs share files.
  explicit RunSpiller(SortState* state, uint32_t runs_per_writer = kRunsPerWriter)
      : state_(state), runs_per_writer_(runs_per_writer) {}

  Status StartRun();
  Status Append(const RecordView& record);  // the run's next one
  Status EndRun();

  // All runs, in the order of StartRun. Nothing may be called afterwards.
  Result<SpilledRuns> Finish();

  // The most that it takes, but for its log of blocks and what the quota lets it keep.
  static int64_t EstimateBytes(uint32_t runs_per_writer, const SortSizes& sizes, bool compress);

 private:
  Status FinishWriter();

  SortState* const state_;
  const uint32_t runs_per_writer_;
  std::unique_ptr<spill::SpillWriter> writer_;
  uint32_t stream_ = 0;              // of the run
  int64_t largest_block_bytes_ = 0;  // of the run
  size_t first_of_writer_ = 0;       // among the runs
  SpilledRuns spilled_;
};

}  // namespace spillway::sort
