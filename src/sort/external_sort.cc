// With R runs of which F can be read at once, neighbours are merged, from the first ones on and
// never more than it takes, until F are left: rows are written once more only as far as they have
// to be. Neighbours, so that rows of one source row, which may be at the end of a writer's run and
// at the begin of its next one, stay in their order.
#include "sort/external_sort.h"

#include <algorithm>
#include <utility>

#include "join/matches.h"

namespace spillway::sort {
namespace {

constexpr int64_t kRecordsBetweenChecks = 1024;

}  // namespace

Result<std::unique_ptr<ExternalSort>> ExternalSort::Make(SortOptions options) {
  ARROW_ASSIGN_OR_RAISE(join::RowFormat format,
                        join::RowFormat::Make(*options.schema, {}, join::DuplicatePolicy::kExpand));
  return std::unique_ptr<ExternalSort>(new ExternalSort(std::move(options), std::move(format)));
}

std::vector<SortedRun> ExternalSort::TakeRuns() {
  std::vector<SortedRun> runs;
  for (SpilledRuns& spilled : state_.writers) {
    runs.insert(runs.end(), spilled.runs.begin(), spilled.runs.end());
    std::ranges::move(spilled.streams, std::back_inserter(streams_));
  }
  state_.writers.clear();
  return runs;
}

// The most of `runs` that may be read at once: two always are.
size_t ExternalSort::MostRuns(const std::vector<SortedRun>& runs) const {
  int64_t block_bytes = state_.options.sizes.block_bytes;
  for (const SortedRun& run : runs) block_bytes = std::max(block_bytes, run.largest_block_bytes);
  const int64_t run_bytes = RunMerger::EstimateRunBytes(block_bytes, state_.options.compress);
  const int64_t most = state_.options.sizes.merge_bytes / run_bytes;
  return static_cast<size_t>(std::clamp<int64_t>(most, 2, kMostMergedRuns));
}

Result<SortedRun> ExternalSort::MergeRuns(std::span<const SortedRun> runs,
                                          const std::function<Status()>& check) {
  ARROW_ASSIGN_OR_RAISE(const auto merger, RunMerger::Make(runs, state_.options.pool));
  RunSpiller spiller(&state_, /*runs_per_writer=*/1);
  ARROW_RETURN_NOT_OK(spiller.StartRun());
  for (int64_t i = 0; !merger->done(); ++i) {
    if (i % kRecordsBetweenChecks == 0) ARROW_RETURN_NOT_OK(check());
    ARROW_RETURN_NOT_OK(spiller.Append(merger->record()));
    ARROW_RETURN_NOT_OK(merger->Pass());
  }
  ARROW_RETURN_NOT_OK(spiller.EndRun());
  ARROW_ASSIGN_OR_RAISE(SpilledRuns merged, spiller.Finish());
  streams_.push_back(std::move(merged.streams.front()));
  premerged_runs_ += static_cast<int64_t>(runs.size());
  return merged.runs.front();
}

Result<std::unique_ptr<MergedRows>> ExternalSort::Merge(const BatchLimits& limits,
                                                        arrow::MemoryPool* batch_pool,
                                                        const std::function<Status()>& check) {
  std::vector<SortedRun> runs = TakeRuns();
  num_runs_ = static_cast<int64_t>(runs.size());
  const size_t most = MostRuns(runs);
  for (size_t first = 0; runs.size() > most; ++first) {
    if (runs.size() - first < 2) first = 0;
    const size_t count = std::min({most, runs.size() - most + 1, runs.size() - first});
    ARROW_ASSIGN_OR_RAISE(const SortedRun merged,
                          MergeRuns(std::span(runs).subspan(first, count), check));
    runs[first] = merged;
    runs.erase(runs.begin() + static_cast<int64_t>(first) + 1,
               runs.begin() + static_cast<int64_t>(first + count));
  }
  ARROW_ASSIGN_OR_RAISE(auto merger, RunMerger::Make(runs, state_.options.pool));
  return MergedRows::Make(state_, std::move(merger), limits, batch_pool);
}

}  // namespace spillway::sort
