// Where memory goes: a lane sorts as many rows at a time as its share holds, and each run that is
// merged takes a block. With D bytes of rows, shares of S bytes and blocks of b bytes, D / S runs
// want about 2 b D / S bytes to be merged at once; with fewer some are merged twice. Rows that fit
// the memory stay there.
#include "sort/sort_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "sort/external_sort.h"
#include "sort/record.h"
#include "spill/block_log.h"

namespace spillway::sort {
namespace {

constexpr int64_t kSmallestLaneBytes = 4 * kMiB;
constexpr int64_t kMostLaneBytes = kGiB;
constexpr int64_t kSmallBlockBytes = 16 * kKiB;
constexpr int64_t kUsualBlockBytes = 64 * kKiB;
constexpr int64_t kMostBlockBytes = kMiB;
constexpr int64_t kUsualBlockLaneBytes = 32 * kMiB;  // from this share on blocks are the usual ones
constexpr int64_t kBlocksPerWrite = 8;
constexpr int64_t kFewestMergedRuns = 4;

// The bytes that a record takes besides the row's values, and those of its entry.
constexpr int64_t kOwnBytes = kHeaderBytes + kNumberBytes + 8;
constexpr int64_t kEntryBytes = 16;

class SortPlanner {
 public:
  SortPlanner(const SortInputs& inputs, const SortBudget& budget)
      : inputs_(inputs),
        budget_(budget),
        record_bytes_(inputs.row_bytes + inputs.key_bytes + kOwnBytes + kEntryBytes),
        bytes_(inputs.rows * record_bytes_) {}

  SortPlan Plan() {
    ChooseBlock();
    ChooseResident();
    const int64_t share =
        (budget_.sorting_bytes - log_bytes_ - sizes_.resident_bytes) / inputs_.lanes;
    const int64_t most = std::clamp(whole_bytes(), kSmallestLaneBytes, kMostLaneBytes);
    sizes_.lane_bytes = std::clamp(share - LaneBytes(), kSmallestLaneBytes, most) / 64 * 64;
    ChooseMerge();
    return Describe();
  }

 private:
  // All rows as records, and room for what is estimated too low.
  int64_t whole_bytes() const { return bytes_ + bytes_ / 8 + kMiB; }

  // Of a lane, besides the rows that it sorts. Called before lane_bytes is chosen.
  int64_t LaneBytes() const {
    SortSizes sizes = sizes_;
    sizes.lane_bytes = 0;
    return SortWriter::EstimateBytes(sizes, inputs_.compress);
  }

  int64_t LogBytes() const {
    const int64_t runs = bytes_ / kSmallestLaneBytes + inputs_.lanes;
    const int64_t blocks = (bytes_ / sizes_.block_bytes + runs) / inputs_.lanes + 1;
    // Once more for runs that are merged to longer ones.
    return 2 * inputs_.lanes * spill::BlockLog::EstimateBytes(RunSpiller::kRunsPerWriter, blocks);
  }

  void ChooseBlock() {
    const int64_t share = budget_.sorting_bytes / inputs_.lanes;
    sizes_.block_bytes = share < kUsualBlockLaneBytes ? kSmallBlockBytes : kUsualBlockBytes;
    const int64_t least = std::min(budget_.sorting_bytes, budget_.merging_bytes);
    while (LogBytes() > least / 16 && sizes_.block_bytes < kMostBlockBytes && bytes_ > kGiB) {
      sizes_.block_bytes *= 2;
    }
    sizes_.write_bytes = kBlocksPerWrite * sizes_.block_bytes;
    log_bytes_ = LogBytes();
  }

  // All rows stay in memory, or none.
  void ChooseResident() {
    const int64_t sorting = inputs_.lanes * (LaneBytes() + kSmallestLaneBytes);
    const int64_t merging = MergeOwnBytes() + kFewestMergedRuns * RunBytes();
    const bool fits = whole_bytes() + log_bytes_ + sorting <= budget_.sorting_bytes &&
                      whole_bytes() + log_bytes_ + merging <= budget_.merging_bytes;
    sizes_.resident_bytes = fits ? whole_bytes() : 0;
  }

  int64_t RunBytes() const {
    const int64_t block_bytes = std::max(sizes_.block_bytes, 2 * record_bytes_);
    return RunMerger::EstimateRunBytes(block_bytes, inputs_.compress);
  }

  // Of the merging, besides what reading runs takes.
  int64_t MergeOwnBytes() const {
    return MergedRows::EstimateBytes(inputs_.batches) +
           RunSpiller::EstimateBytes(1, sizes_, inputs_.compress);
  }

  int64_t runs() const { return bytes_ / sizes_.lane_bytes + inputs_.lanes; }

  void ChooseMerge() {
    const int64_t most_runs = std::min(2 * runs(), ExternalSort::kMostMergedRuns);
    const int64_t left =
        budget_.merging_bytes - log_bytes_ - sizes_.resident_bytes - MergeOwnBytes();
    const int64_t fewest = kFewestMergedRuns * RunBytes();
    sizes_.merge_bytes = std::clamp(left, fewest, std::max(fewest, most_runs * RunBytes()));
  }

  SortPlan Describe() const {
    SortPlan plan;
    plan.sizes = sizes_;
    const SortLine logs = {"where sorted rows are", log_bytes_};
    plan.sorting = {{fmt::format("rows that are sorted at a time, {} {}", inputs_.lanes,
                                 inputs_.lanes == 1 ? "lane" : "lanes"),
                     inputs_.lanes * SortWriter::EstimateBytes(sizes_, inputs_.compress)},
                    logs};
    plan.merging = {
        {fmt::format("merging up to {} sorted runs", FormatCount(sizes_.merge_bytes / RunBytes())),
         sizes_.merge_bytes + MergeOwnBytes()},
        logs};
    if (sizes_.resident_bytes > 0) {
      const SortLine resident = {"sorted rows that stay in memory", sizes_.resident_bytes};
      plan.sorting.push_back(resident);
      plan.merging.push_back(resident);
      return plan;
    }
    const bool merges_twice = runs() * RunBytes() > sizes_.merge_bytes;
    plan.spilled_bytes = (merges_twice ? 2 : 1) * inputs_.rows * (record_bytes_ - kEntryBytes);
    return plan;
  }

  const SortInputs& inputs_;
  const SortBudget budget_;
  const int64_t record_bytes_;  // of one, with its entry
  const int64_t bytes_;         // of all records
  int64_t log_bytes_ = 0;
  SortSizes sizes_;
};

}  // namespace

SortPlan PlanSort(const SortInputs& inputs, const SortBudget& budget) {
  return SortPlanner(inputs, budget).Plan();
}

}  // namespace spillway::sort
