#include "pipeline/memory_plan.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "pipeline/lane_memory.h"
#include "spill/spool_pool.h"

namespace spillway::pipeline {
namespace {

int64_t Sum(const std::vector<MemoryLine>& lines) {
  int64_t bytes = 0;
  for (const MemoryLine& line : lines) bytes += line.bytes;
  return bytes;
}

std::string ReadingLine(const PinnedTable& table) {
  return fmt::format("reading {}: pages and batches", table.name());
}

std::string InLanes(std::string_view what, int lanes) {
  return lanes == 1 ? std::string(what) : fmt::format("{}, {} lanes", what, lanes);
}

// What is known of the rows that are sorted: source columns and those of the lookups.
sort::SortInputs SortInputsOf(const PlannedInputs& inputs, const WorkPlan& work) {
  const int64_t rows = std::max<int64_t>(inputs.source.weighed_rows(), 1);
  sort::SortInputs sorted = {
      .rows = inputs.source.weighed_rows(),
      .batches = {.rows = work.sizes.batch_rows, .bytes = work.sizes.batch_bytes},
      .lanes = work.lanes,
      .compress = kCompressSpilled};
  for (const ColumnWeight& weight : inputs.source.weights()) {
    sorted.row_bytes += weight.value_bytes / rows + 1;
  }
  for (const int column : inputs.pipeline.lookups.front().source_keys) {
    sorted.key_bytes += inputs.source.weights()[static_cast<size_t>(column)].value_bytes / rows + 3;
  }
  sorted.row_bytes += LookupRowBytes(inputs);
  return sorted;
}

// Adds up what is held at the moments of a run, and keeps the heaviest.
class MomentPlanner {
 public:
  MomentPlanner(const PlannedInputs& inputs, const WorkPlan& work, int64_t overhead_bytes)
      : inputs_(inputs), work_(work), held_({{"program, Delta log, threads", overhead_bytes}}) {}

  void AddJoins(const ExternalJoins& joins) {
    for (size_t i = 0; i < inputs_.lookups.size(); ++i) {
      if (joins[i] && joins[i]->ranges) {
        AddRanges(i, *joins[i]->ranges);
      } else if (joins[i]) {
        AddExternalJoin(i, joins[i]->external);
      } else {
        AddIndex(i);
      }
    }
  }

  // `lane` is what one lane takes while the source streams through.
  MemoryPlan Finish(const LaneBytes& lane) {
    AllLanes(lane);
    plan_.writing_bytes = work_.lanes * lane.writing;
    std::vector<MemoryLine> lines = ReadAndJoin();
    lines.push_back({InLanes(kWritingLine, work_.lanes), plan_.writing_bytes});
    Consider(std::move(lines));
    return std::move(plan_);
  }

  // The same where the rows are sorted before they are written. One lane writes.
  MemoryPlan FinishSorted(const LaneBytes& lane, const sort::SortPlan& sort) {
    AllLanes(lane);
    plan_.merge_transform_bytes = MergeTransformBytes(lane);
    plan_.merge_writing_bytes = lane.writing;
    Consider(With(sort.sorting, ReadAndJoin()));
    held_.resize(1);  // the lookups are not wanted any more
    Consider(With(sort.merging, {{"merged and derived columns", plan_.merge_transform_bytes},
                                 {std::string(kWritingLine), lane.writing}}));
    return std::move(plan_);
  }

  // What is left for the sort.
  sort::SortBudget SortBudgetOf(const LaneBytes& lane, int64_t budget_bytes) const {
    const int64_t overhead_bytes = held_.front().bytes;
    return {
        .sorting_bytes = budget_bytes - Sum(held_) - work_.lanes * (lane.reading + lane.transform),
        .merging_bytes = budget_bytes - overhead_bytes - MergeTransformBytes(lane) - lane.writing};
  }

  // For an index, in one thread.
  MemoryLine ReadingRange(const PinnedTable& table) const {
    MemoryLine reading = ReadingLookup(table, 1);
    // One batch is read ahead.
    if (work_.lanes > 1) reading.bytes += table.read_memory(work_.rung).largest_batch_bytes();
    return reading;
  }

 private:
  // Of a long value, in a block, as it is spilled, and as it is read again.
  static constexpr int64_t kSpilledCopies = 3;
  static constexpr std::string_view kWritingLine = "writing: row groups, pages, dictionaries";

  void AddIndex(size_t lookup) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    held_.push_back({fmt::format("index of {}", table.name()),
                     IndexBytes(inputs_.pipeline.lookups[lookup], table)});
    const MemoryLine reading = ReadingRange(table);
    plan_.lookups.push_back({.lookup_bytes = reading.bytes});
    Consider({reading});
  }

  // A range's index is made while other lanes may still hold what they stream through.
  void AddRanges(size_t lookup, const KeyRangePlan& ranges) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    MemoryLine reading = ReadingRange(table);
    held_.push_back({fmt::format("index of {}, one range of keys at a time", table.name()),
                     ranges.index_bytes});
    plan_.lookups.push_back({.lookup_bytes = reading.bytes});
    held_.push_back(std::move(reading));
  }

  void AddExternalJoin(size_t lookup, const join::ExternalJoinPlan& plan) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    const int64_t long_value = table.read_memory(work_.rung).long_value_bytes;
    const auto lines_of = [&](size_t phase) {
      std::vector<MemoryLine> lines;
      if (long_value > 0 && phase != 1) {
        lines.push_back({fmt::format("{} out of core: a value that may be long", table.name()),
                         kSpilledCopies * work_.lanes * long_value});
      }
      for (const join::ExternalJoinLine& line : plan.phases[phase].lines) {
        if (line.bytes == 0) continue;
        lines.push_back({fmt::format("{} out of core: {}", table.name(), line.what), line.bytes});
      }
      return lines;
    };
    std::vector<MemoryLine> building = lines_of(0);
    building.push_back(ReadingLookup(table, work_.lanes));
    std::vector<MemoryLine> probing = lines_of(1);
    probing.push_back(ReadingKeys());
    plan_.lookups.push_back(
        {.lookup_bytes = building.back().bytes, .source_bytes = probing.back().bytes});
    const bool casts = inputs_.pipeline.lookups[lookup].casts_source();
    if (lookup > 0 || inputs_.pipeline.where || casts) probing.push_back(FilteringSource());
    Consider(std::move(building));
    Consider(std::move(probing));
    Consider(lines_of(2));
    std::ranges::move(lines_of(3), std::back_inserter(held_));
  }

  // With several lanes, a batch is merged while the one before it is derived and written. As Arrow
  // has it, a value may take a few bytes more than in the sort's form.
  int64_t MergeTransformBytes(const LaneBytes& lane) const {
    constexpr int64_t kValueBytes = 5;
    if (work_.lanes == 1) return lane.transform;
    return lane.transform + work_.sizes.batch_bytes +
           work_.sizes.batch_rows * kValueBytes * inputs_.pipeline.output_schema->num_fields();
  }

  void AllLanes(const LaneBytes& lane) {
    plan_.reading_bytes = work_.lanes * lane.reading;
    plan_.transform_bytes = work_.lanes * lane.transform;
  }

  std::vector<MemoryLine> ReadAndJoin() const {
    return {{InLanes(ReadingLine(inputs_.source), work_.lanes), plan_.reading_bytes},
            {InLanes("joined and derived columns", work_.lanes), plan_.transform_bytes}};
  }

  static std::vector<MemoryLine> With(const std::vector<sort::SortLine>& sorting,
                                      std::vector<MemoryLine> lines) {
    for (const sort::SortLine& line : sorting) lines.push_back({line.what, line.bytes});
    return lines;
  }

  MemoryLine ReadingLookup(const PinnedTable& table, int lanes) const {
    const parquet::ReadMemory& read = table.read_memory(work_.rung);
    return {InLanes(ReadingLine(table), lanes),
            lanes * (read.total_bytes() + read.largest_batch_bytes())};
  }

  // Of the source, what the keys are made from.
  MemoryLine ReadingKeys() const {
    return {InLanes("reading the source's keys: pages and batches", work_.lanes),
            work_.lanes * inputs_.source.spliced_read_memory(work_.rung).total_bytes()};
  }

  MemoryLine FilteringSource() const {
    const parquet::ReadMemory& read = inputs_.source.spliced_read_memory(work_.rung);
    return {InLanes("filtered and joined columns", work_.lanes),
            work_.lanes * TransformBytes(inputs_, work_.sizes, read.largest_batch_bytes())};
  }

  // A moment at which `lines` are needed besides what is held.
  void Consider(std::vector<MemoryLine> lines) {
    lines.insert(lines.begin(), held_.begin(), held_.end());
    const int64_t bytes = Sum(lines);
    if (bytes <= plan_.bound_bytes) return;
    plan_.lines = std::move(lines);
    plan_.bound_bytes = bytes;
  }

  const PlannedInputs& inputs_;
  const WorkPlan& work_;
  std::vector<MemoryLine> held_;
  MemoryPlan plan_;
};

}  // namespace

std::vector<WorkPlan> WaysToWork(int64_t working_bytes, int most_lanes) {
  std::vector<WorkPlan> ways;
  size_t rung = 0;
  for (int lanes = most_lanes; lanes >= 1; lanes /= 2) {
    for (const int64_t share : {working_bytes / lanes, working_bytes / lanes / 4}) {
      const WorkSizes sizes = SizesFor(share);
      ways.push_back({.lanes = lanes, .spools = false, .sizes = sizes, .rung = rung});
      ways.push_back({.lanes = lanes, .spools = true, .sizes = sizes, .rung = rung});
      ++rung;
    }
  }
  ways.push_back({.lanes = 1, .spools = true, .sizes = SizesFor(0), .rung = rung});
  return ways;
}

MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkPlan& work, const ExternalJoins& joins,
                      const std::optional<sort::SortPlan>& sort, int64_t overhead_bytes) {
  MomentPlanner planner(inputs, work, overhead_bytes);
  planner.AddJoins(joins);
  const LanePlan lane = PlanLane(inputs, work);
  MemoryPlan plan = sort ? planner.FinishSorted(lane.bytes, *sort) : planner.Finish(lane.bytes);
  plan.decode_sizes = lane.decode_sizes;
  return plan;
}

std::optional<sort::SortPlan> PlanSourceSort(const PlannedInputs& inputs, const WorkPlan& work,
                                             const ExternalJoins& joins, int64_t overhead_bytes,
                                             int64_t budget_bytes) {
  if (!inputs.in_key_order) return std::nullopt;
  MomentPlanner planner(inputs, work, overhead_bytes);
  planner.AddJoins(joins);
  return sort::PlanSort(SortInputsOf(inputs, work),
                        planner.SortBudgetOf(PlanLane(inputs, work).bytes, budget_bytes));
}

ExternalJoins PlanJoins(const PlannedInputs& inputs, const WorkPlan& work,
                        std::span<const size_t> external, int64_t overhead_bytes,
                        int64_t budget_bytes) {
  ExternalJoins joins(inputs.lookups.size());
  if (external.empty()) return joins;
  OutOfCoreJoin nothing;
  nothing.external.phases.resize(4);
  for (const size_t lookup : external) joins[lookup] = nothing;
  const auto smallest_sort = PlanSourceSort(inputs, work, joins, overhead_bytes, 0);
  int64_t free_bytes =
      budget_bytes - PlanMemory(inputs, work, joins, smallest_sort, overhead_bytes).bound_bytes;
  // The other half is the sort's.
  if (inputs.in_key_order) free_bytes /= 2;
  const int64_t share_bytes = free_bytes / static_cast<int64_t>(external.size());
  for (const size_t lookup : external) {
    const BoundLookup& bound = inputs.pipeline.lookups[lookup];
    const PinnedTable& table = *inputs.lookups[lookup];
    const int64_t reading_bytes = MomentPlanner(inputs, work, 0).ReadingRange(table).bytes;
    joins[lookup] = OutOfCoreJoin{};
    const int64_t most_bytes = std::min(share_bytes - reading_bytes, inputs.most_range_bytes);
    if (!inputs.in_key_order && most_bytes > 0) {
      joins[lookup]->ranges = CutKeyRanges(bound, inputs.source, table, inputs.pieces, most_bytes);
    }
    if (joins[lookup]->ranges) continue;
    joins[lookup]->external =
        PlanExternalLookup(bound, table, inputs.pieces, work.lanes, share_bytes);
  }
  return joins;
}

}  // namespace spillway::pipeline
