#include "pipeline/way_choice.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "pipeline/source_use.h"
#include "pipeline/state_folder.h"
#include "pipeline/work_left.h"
#include "storage/memory_file_system.h"

namespace spillway::pipeline {
namespace {

// The row groups' rows that are tried as a limit for splicing where memory is short.
constexpr int64_t kMostSplicedRows = 1 << 22;
constexpr int64_t kFewestSplicedRows = 1 << 14;

// Chooses the first way that fits, with as many row groups spliced as can be: a row group whose new
// columns do not fit beside the rest is decoded. Where no way fits, the plan is the smallest one.
class WayChooser {
 public:
  WayChooser(std::vector<WorkPlan> ways, const PlanOptions& options, Plan* plan)
      : ways_(std::move(ways)),
        options_(options),
        plan_(plan),
        unchanged_(UseOfSource(*plan->pipeline).unchanged) {
    const std::string spill_folder = SpillBaseOf(*plan).path;
    may_spill_ = !storage::IsInMemory(spill_folder);
    if (!may_spill_) ways_.back().spools = false;
  }

  void Choose() {
    Splice(std::numeric_limits<int64_t>::max());
    RankLookups();
    const std::vector<SplicePlan> splices = SplicesToTry();
    const bool is_found = std::ranges::any_of(splices, [this](const SplicePlan& splice) {
      Take(splice);
      return ChooseAny();
    });
    const SplicePlan chosen = plan_->splice;
    const Smallest smallest = FindSmallest(splices);
    const bool is_possible = smallest.bytes < kNoBudget;
    plan_->smallest_budget_bytes = is_possible ? smallest.bytes : 0;
    Take(is_found ? chosen : splices[smallest.splice]);
    if (!is_found) {
      UseWithin(plan_->smallest_budget_bytes, ways_.back(), smallest.external);
    }
    if (!is_possible) AddSpilledBytes();
    if (plan_->fits()) plan_->advice = Advise();
  }

 private:
  void Splice(int64_t most_rows) {
    Take(PlanSplice(plan_->spec, *plan_->pipeline, *plan_->source, ChunksOfSource(*plan_),
                    {.smallest_bytes = options_.smallest_splice_bytes, .most_rows = most_rows}));
  }

  void Take(SplicePlan splice) {
    plan_->splice = std::move(splice);
    pieces_ = PiecesOf(*plan_);
  }

  // From as much as can be spliced to nothing: the rest is decoded in pieces as small as it takes.
  std::vector<SplicePlan> SplicesToTry() {
    std::vector<SplicePlan> splices = {plan_->splice};
    for (int64_t rows = kMostSplicedRows; splices.back().spliced > 0; rows /= 2) {
      Splice(rows < kFewestSplicedRows ? 0 : rows);
      if (plan_->splice.spliced < splices.back().spliced) splices.push_back(plan_->splice);
    }
    return splices;
  }

  // Those that are faster out of core come first, then from the largest index to the smallest.
  void RankLookups() {
    std::vector<uint8_t> is_faster;
    std::vector<int64_t> index_bytes;
    for (size_t i = 0; i < plan_->lookups.size(); ++i) {
      const BoundLookup& bound = plan_->pipeline->lookups[i];
      const PinnedTable& table = *plan_->lookups[i];
      index_bytes.push_back(IndexBytes(bound, table));
      is_faster.push_back(static_cast<uint8_t>(
          options_.joins_out_of_core ||
          (may_spill_ && IsFasterOutOfCore(bound, table, pieces_, options_.large_index_bytes))));
      ranked_.push_back(i);
    }
    std::ranges::sort(ranked_, std::greater{}, [&](size_t lookup) {
      return std::pair(is_faster[lookup], index_bytes[lookup]);
    });
    faster_out_of_core_ = static_cast<size_t>(std::ranges::count(is_faster, 1));
  }

  // As many lanes as can be, with as few lookups out of core as fit beside them, of those that are
  // faster as an index: a join out of core then costs more than small pieces do.
  bool ChooseAny() {
    const size_t most_lanes = UsefulLanes();
    for (auto first = ways_.begin(); first != ways_.end();) {
      const auto end = std::find_if(first, ways_.end(),
                                    [&](const WorkPlan& way) { return way.lanes != first->lanes; });
      if (static_cast<size_t>(first->lanes) <= most_lanes && UseAny({first, end})) return true;
      first = end;
    }
    return false;
  }

  // Of ways with as many lanes.
  bool UseAny(std::span<const WorkPlan> ways) {
    for (size_t external = faster_out_of_core_; external <= ranked_.size(); ++external) {
      if (std::ranges::any_of(ways, [&](const WorkPlan& way) { return Use(way, external); })) {
        return true;
      }
    }
    return false;
  }

  // More lanes than there are pieces of work would only take memory from each other: pieces of the
  // source, and, where not all lookups fit as indexes, the lookups' row groups.
  size_t UsefulLanes() const {
    size_t lanes = std::max<size_t>(1, pieces_.size());
    const bool all_in_memory =
        faster_out_of_core_ == 0 && IndexBytesOf(*plan_) < plan_->budget.total_bytes;
    if (all_in_memory) return lanes;
    for (const auto& lookup : plan_->lookups) {
      size_t row_groups = 0;
      for (const PinnedFile& file : lookup->files()) row_groups += file.row_groups.size();
      lanes = std::max(lanes, row_groups);
    }
    return lanes;
  }

  // Plans to work in this way, with the first `external` lookups out of core. Whether that fits.
  bool Use(const WorkPlan& way, size_t external) {
    UseWithin(plan_->budget.total_bytes, way, external);
    return plan_->fits() && !WantsToSpool() &&
           MaySpill(plan_->external_joins, plan_->sort, plan_->spools);
  }

  // The same as if the budget was another one.
  void UseWithin(int64_t budget_bytes, const WorkPlan& way, size_t external) {
    plan_->lanes = way.lanes;
    plan_->spools = way.spools && plan_->splice.spliced > 0;
    plan_->sizes = way.sizes;
    plan_->external_joins = Joins(way, external, budget_bytes);
    plan_->sort = Sort(way, plan_->external_joins, budget_bytes);
    plan_->memory = Memory(way, plan_->external_joins, plan_->sort);
    // An index of a range of keys is not there yet when the lookups are ready.
    if (plan_->spools && !options_.spools && !plan_->joins_by_ranges()) {
      WorkPlan in_memory = way;
      in_memory.spools = false;
      plan_->memory.unspooled_writing_bytes =
          Memory(in_memory, plan_->external_joins, plan_->sort).writing_bytes;
    }
  }

  static constexpr int64_t kWritingShares = 4;

  // What waits in memory to be written is better in files where it takes much of the budget.
  bool WantsToSpool() const {
    if (plan_->spools || plan_->splice.spliced == 0 || !may_spill_) return false;
    return options_.spools ||
           kWritingShares * plan_->memory.writing_bytes > plan_->budget.total_bytes;
  }

  bool MaySpill(const ExternalJoins& joins, const std::optional<sort::SortPlan>& sort,
                bool spools) const {
    if (may_spill_) return true;
    const bool spills =
        std::ranges::any_of(joins, [](const auto& join) { return join && !join->ranges; });
    return !spills && !spools && (!sort || sort->spilled_bytes == 0);
  }

  // The least budget with which there is a plan, and what that plan is: what is spliced, and how
  // many lookups are out of core. Few rows take less as an index.
  static constexpr int64_t kNoBudget = std::numeric_limits<int64_t>::max();
  struct Smallest {
    int64_t bytes = kNoBudget;
    size_t splice = 0;
    size_t external = 0;
  };

  // Found by trying: the smallest pieces are the same ones whatever the budget is, but how lookups
  // are joined is not.
  Smallest FindSmallest(const std::vector<SplicePlan>& splices) {
    Smallest smallest;
    for (size_t splice = 0; splice < splices.size(); ++splice) {
      Take(splices[splice]);
      const std::optional<int64_t> bytes = LeastBudget();
      if (!bytes || *bytes >= smallest.bytes) continue;
      smallest = {.bytes = *bytes, .splice = splice, .external = LowestWithin(*bytes).external};
    }
    return smallest;
  }

  // With as much spliced as now; none where no budget does.
  std::optional<int64_t> LeastBudget() const {
    constexpr int64_t kLargest = int64_t{1} << 46;
    const auto suffices = [this](int64_t bytes) { return LowestWithin(bytes).bytes <= bytes; };
    int64_t enough = LowestWithin(0).bytes;
    // Where nothing may be spilled, a small budget may have no plan at all.
    if (enough > kLargest) enough = kMiB;
    while (!suffices(enough)) {
      if (enough > kLargest) return std::nullopt;
      enough *= 2;
    }
    if (!suffices(enough - 1)) return enough;
    int64_t too_small = 0;
    while (enough - too_small > 1) {
      const int64_t middle = too_small + (enough - too_small) / 2;
      (suffices(middle) ? enough : too_small) = middle;
    }
    return enough;
  }

  // The lowest bound where lookups are joined as `budget_bytes` allow.
  Smallest LowestWithin(int64_t budget_bytes) const {
    const WorkPlan& way = ways_.back();
    Smallest lowest;
    for (size_t external = 0; external <= plan_->lookups.size(); ++external) {
      const ExternalJoins joins = Joins(way, external, budget_bytes);
      const auto sort = Sort(way, joins, budget_bytes);
      if (!MaySpill(joins, sort, way.spools && plan_->splice.spliced > 0)) continue;
      const int64_t bytes = Memory(way, joins, sort).bound_bytes;
      if (bytes < lowest.bytes) lowest = {.bytes = bytes, .external = external};
    }
    return lowest;
  }

  // To a plan that cannot do without spilling into memory.
  void AddSpilledBytes() {
    int64_t bytes = plan_->sort ? plan_->sort->spilled_bytes : 0;
    for (const auto& join : plan_->external_joins) bytes += join ? join->external.spilled_bytes : 0;
    MemoryPlan& memory = plan_->memory;
    bytes = std::max(bytes, plan_->budget.total_bytes - memory.bound_bytes + 1);
    memory.lines.push_back({fmt::format("files in memory: {}", SpillBaseOf(*plan_).path), bytes});
    memory.bound_bytes += bytes;
  }

  // More lanes come before indexes in memory (ChooseAny), so these have all lanes beside them.
  BudgetAdvice Advise() const {
    const size_t useful = UsefulLanes();
    const int lanes = std::ranges::find_if(ways_, [useful](const WorkPlan& way) {
                        return static_cast<size_t>(way.lanes) <= useful;
                      })->lanes;
    BudgetAdvice advice;
    const auto out_of_core = static_cast<size_t>(std::ranges::count_if(
        plan_->external_joins, [](const auto& join) { return join.has_value(); }));
    if (out_of_core > faster_out_of_core_) {
      advice.in_memory_bytes = LeastOf(lanes, faster_out_of_core_);
    }
    if (plan_->lanes >= lanes) return advice;
    advice.all_lanes = lanes;
    advice.all_lanes_bytes = std::numeric_limits<int64_t>::max();
    for (size_t external = 0; external <= plan_->lookups.size(); ++external) {
      advice.all_lanes_bytes = std::min(advice.all_lanes_bytes, LeastOf(lanes, external));
    }
    return advice;
  }

  // The least budget for a way with so many lanes and lookups out of core.
  int64_t LeastOf(int lanes, size_t external) const {
    int64_t least = std::numeric_limits<int64_t>::max();
    for (const WorkPlan& way : ways_) {
      if (way.lanes != lanes) continue;
      const ExternalJoins joins = Joins(way, external, 0);
      const MemoryPlan memory = Memory(way, joins, Sort(way, joins, 0));
      int64_t bytes = memory.bound_bytes;
      if (!way.spools && plan_->splice.spliced > 0) {  // as WantsToSpool
        bytes = std::max(bytes, kWritingShares * memory.writing_bytes);
      }
      least = std::min(least, bytes);
    }
    return least;
  }

  ExternalJoins Joins(const WorkPlan& way, size_t external, int64_t budget_bytes) const {
    return PlanJoins(inputs(), way, std::span(ranked_).first(external),
                     plan_->overhead_bytes(way.lanes), budget_bytes);
  }
  std::optional<sort::SortPlan> Sort(const WorkPlan& way, const ExternalJoins& joins,
                                     int64_t budget_bytes) const {
    return PlanSourceSort(inputs(), way, joins, plan_->overhead_bytes(way.lanes), budget_bytes);
  }
  MemoryPlan Memory(const WorkPlan& way, const ExternalJoins& joins,
                    const std::optional<sort::SortPlan>& sort) const {
    return PlanMemory(inputs(), way, joins, sort, plan_->overhead_bytes(way.lanes));
  }
  PlannedInputs inputs() const {
    return {.pipeline = *plan_->pipeline,
            .source = *plan_->source,
            .lookups = plan_->lookups,
            .splice = plan_->splice,
            .pieces = pieces_,
            .unchanged = unchanged_,
            .in_key_order = plan_->spec.in_key_order(),
            .most_range_bytes = options_.most_range_bytes.value_or(
                options_.joins_out_of_core ? 0 : options_.large_index_bytes)};
  }

  std::vector<WorkPlan> ways_;
  const PlanOptions& options_;
  Plan* const plan_;
  std::vector<Piece> pieces_;
  const std::vector<int> unchanged_;
  std::vector<size_t> ranked_;  // the lookups, in the order in which they go out of core
  size_t faster_out_of_core_ = 0;
  bool may_spill_ = true;  // false: the files would be in memory, and make no room
};

}  // namespace

int64_t IndexBytesOf(const Plan& plan) {
  int64_t bytes = 0;
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    bytes += IndexBytes(plan.pipeline->lookups[i], *plan.lookups[i]);
  }
  return bytes;
}

void ChooseWay(std::vector<WorkPlan> ways, const PlanOptions& options, Plan* plan) {
  WayChooser(std::move(ways), options, plan).Choose();
}

std::string CureOf(const Plan& plan) {
  const std::string more = fmt::format("use {} or more", MemoryFlag(plan.smallest_budget_bytes));
  const std::string folder = SpillBaseOf(plan).path;
  if (!storage::IsInMemory(folder)) return more;
  const std::string elsewhere = fmt::format(
      "name a folder on a disk in resources.spill_directory: {} is in memory (tmpfs), so spilling "
      "to it frees no memory",
      folder);
  return plan.smallest_budget_bytes == 0 ? elsewhere : fmt::format("{}, or {}", more, elsewhere);
}

}  // namespace spillway::pipeline
