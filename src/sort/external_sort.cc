// With R runs of which F can be read at once, neighbours are merged, from the first ones on and
// never more than it takes, until F are left: rows are written once more only as far as they have
// to be. Neighbours, so that rows of one source row, which may be at the end of a writer's run and
// at the begin of its next one, stay in their order.
#include "sort/external_sort.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "join/matches.h"

namespace spillway::sort {
namespace {

constexpr int64_t kRecordsBetweenChecks = 1024;

// A run in a manifest.
struct SavedRun {
  uint32_t streams;  // their number
  uint32_t stream;
  int64_t largest_block_bytes;
};

}  // namespace

Result<std::unique_ptr<ExternalSort>> ExternalSort::Make(SortOptions options) {
  ARROW_ASSIGN_OR_RAISE(join::RowFormat format,
                        join::RowFormat::Make(*options.schema, {}, join::DuplicatePolicy::kExpand));
  return std::unique_ptr<ExternalSort>(new ExternalSort(std::move(options), std::move(format)));
}

// From the writers.
void ExternalSort::TakeRuns() {
  for (SpilledRuns& spilled : state_.writers) {
    runs_.insert(runs_.end(), spilled.runs.begin(), spilled.runs.end());
    num_runs_ += static_cast<int64_t>(spilled.runs.size());
    std::ranges::move(spilled.streams, std::back_inserter(streams_));
  }
  state_.writers.clear();
}

Status ExternalSort::Save(spill::ManifestWriter* manifest) {
  TakeRuns();
  is_saved_ = true;
  std::map<const spill::SpilledStreams*, uint32_t> numbers;
  ARROW_RETURN_NOT_OK(manifest->Put(static_cast<uint32_t>(streams_.size())));
  for (const auto& streams : streams_) {
    numbers.emplace(streams.get(), static_cast<uint32_t>(numbers.size()));
    ARROW_RETURN_NOT_OK(streams->Save(state_.options.directory, kSortedRows, manifest));
  }
  ARROW_RETURN_NOT_OK(manifest->Put(static_cast<uint32_t>(runs_.size())));
  for (const SortedRun& run : runs_) {
    ARROW_RETURN_NOT_OK(manifest->Put(SavedRun{.streams = numbers.at(run.streams),
                                               .stream = run.stream,
                                               .largest_block_bytes = run.largest_block_bytes}));
  }
  return manifest->PutAll(std::span<const uint8_t>(state_.seen_nulls));
}

Status ExternalSort::Load(spill::ManifestReader* manifest) {
  is_saved_ = true;
  ARROW_ASSIGN_OR_RAISE(const uint32_t num_streams, manifest->Get<uint32_t>());
  for (uint32_t i = 0; i < num_streams; ++i) {
    ARROW_ASSIGN_OR_RAISE(auto streams, spill::SpilledStreams::Load(state_.options.directory,
                                                                    manifest, state_.options.pool));
    streams_.push_back(std::move(streams));
  }
  ARROW_ASSIGN_OR_RAISE(const uint32_t num_runs, manifest->Get<uint32_t>());
  for (uint32_t i = 0; i < num_runs; ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto run, manifest->Get<SavedRun>());
    if (run.streams >= num_streams || run.stream >= streams_[run.streams]->num_streams() ||
        !streams_[run.streams]->IsThere(run.stream)) {
      return MakeError({.code = ErrorCode::kSpillDamaged, .what = "a sorted run is missing"});
    }
    runs_.push_back({.streams = streams_[run.streams].get(),
                     .stream = run.stream,
                     .largest_block_bytes = run.largest_block_bytes});
  }
  num_runs_ = num_runs;
  return manifest->GetAll(std::span<uint8_t>(state_.seen_nulls));
}

int64_t ExternalSort::stored_bytes() {
  TakeRuns();
  int64_t bytes = 0;
  for (const auto& streams : streams_) bytes += streams->stored_bytes();
  return bytes;
}

int64_t ExternalSort::kept_bytes() {
  TakeRuns();
  int64_t bytes = 0;
  for (const auto& streams : streams_) bytes += streams->kept_bytes();
  return bytes;
}

// The most runs that may be read at once: two always are.
size_t ExternalSort::MostRuns() const {
  int64_t block_bytes = state_.options.sizes.block_bytes;
  for (const SortedRun& run : runs_) block_bytes = std::max(block_bytes, run.largest_block_bytes);
  const int64_t run_bytes = RunMerger::EstimateRunBytes(block_bytes, state_.options.compress);
  const int64_t most = state_.options.sizes.merge_bytes / run_bytes;
  return static_cast<size_t>(std::clamp<int64_t>(most, 2, kMostMergedRuns));
}

Result<SortedRun> ExternalSort::MergeRuns(std::span<const SortedRun> runs,
                                          const std::function<Status()>& check) {
  ARROW_ASSIGN_OR_RAISE(const auto merger,
                        RunMerger::Make(runs, /*keeps=*/false, state_.options.pool));
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

Status ExternalSort::Premerge(const std::function<Status()>& check) {
  TakeRuns();
  const size_t most = MostRuns();
  for (size_t first = 0; runs_.size() > most; ++first) {
    if (runs_.size() - first < 2) first = 0;
    const size_t count = std::min({most, runs_.size() - most + 1, runs_.size() - first});
    ARROW_ASSIGN_OR_RAISE(const SortedRun merged,
                          MergeRuns(std::span(runs_).subspan(first, count), check));
    runs_[first] = merged;
    runs_.erase(runs_.begin() + static_cast<int64_t>(first) + 1,
                runs_.begin() + static_cast<int64_t>(first + count));
    DropReadStreams();
  }
  return Status::OK();
}

// Those of which no run is left: where their blocks were takes memory too.
void ExternalSort::DropReadStreams() {
  std::erase_if(streams_, [this](const auto& streams) {
    return std::ranges::find(runs_, streams.get(), &SortedRun::streams) == runs_.end();
  });
}

Result<std::unique_ptr<MergedRows>> ExternalSort::Merge(const BatchLimits& limits,
                                                        arrow::MemoryPool* batch_pool) {
  TakeRuns();
  ARROW_ASSIGN_OR_RAISE(auto merger, RunMerger::Make(runs_, is_saved_, state_.options.pool));
  return MergedRows::Make(state_, std::move(merger), limits, batch_pool);
}

}  // namespace spillway::sort
