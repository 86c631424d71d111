#include <algorithm>
#include <limits>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/overhead.h"
#include "pipeline/nested_nullability.h"
#include "pipeline/plan.h"
#include "pipeline/progress_record.h"
#include "pipeline/state_folder.h"
#include "pipeline/table_writer.h"
#include "pipeline/work_left.h"
#include "storage/table_location.h"

namespace spillway::pipeline {
namespace {

// The row groups' rows that are tried as a limit for splicing where memory is short.
constexpr int64_t kMostSplicedRows = 1 << 22;
constexpr int64_t kFewestSplicedRows = 1 << 14;

Result<std::unique_ptr<delta::Snapshot>> OpenInput(const spec::Spec& spec,
                                                   const spec::InputTable& input) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(spec.Resolve(input.path), spec.directory));
  Result<std::unique_ptr<delta::Snapshot>> snapshot = delta::Snapshot::Open(
      location.path, {.version = input.version, .timestamp = input.timestamp});
  if (snapshot.ok()) return snapshot;
  std::optional<ErrorInfo> info = FindError(snapshot.status());
  if (!info) return snapshot;
  if (input.timestamp) {
    info->why = fmt::format("{}{}the timestamp asked for is {}", info->why,
                            info->why.empty() ? "" : "; ", *input.timestamp);
  }
  // Both places help: the file that is wrong, and the line that names it.
  info->where =
      fmt::format("{}{}{}", info->where, info->where.empty() ? "" : ", from ", input.path.Where());
  return MakeError(*std::move(info));
}

// By rung; ways that follow each other may share one.
std::vector<WorkSizes> SizesOf(const std::vector<WorkPlan>& ways) {
  std::vector<WorkSizes> sizes;
  for (const WorkPlan& way : ways) {
    if (way.rung == sizes.size()) sizes.push_back(way.sizes);
  }
  return sizes;
}

int MostLanes(const spec::Resources& resources) {
  if (resources.lanes) return static_cast<int>(*resources.lanes);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

// Of all lookups, were each an index in memory.
int64_t IndexBytesOf(const Plan& plan) {
  int64_t bytes = 0;
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    bytes += IndexBytes(plan.pipeline->lookups[i], *plan.lookups[i]);
  }
  return bytes;
}

// Those that there are, each once.
std::vector<size_t> BoundedColumns(const std::vector<std::optional<size_t>>& columns) {
  std::set<size_t> bounded;
  for (const auto& column : columns) {
    if (column) bounded.insert(*column);
  }
  return {bounded.begin(), bounded.end()};
}

// Opens the tables for every way to work that may be chosen, which are returned.
Result<std::vector<WorkPlan>> PinTables(Plan* plan, std::unique_ptr<delta::Snapshot> source,
                                        std::vector<std::unique_ptr<delta::Snapshot>> lookups) {
  const int lanes = MostLanes(plan->spec.resources);
  const int64_t working_bytes = plan->budget.total_bytes - memory::kProcessOverheadBytes;
  std::vector<std::optional<size_t>> source_keys;
  for (size_t i = 0; i < lookups.size(); ++i) {
    const BoundLookup& bound = plan->pipeline->lookups[i];
    source_keys.push_back(BoundedSourceColumn(bound, plan->pipeline->source_columns.size()));
    ARROW_ASSIGN_OR_RAISE(
        auto table,
        PinnedTable::Make(plan->spec.lookups[i].name.text, std::move(lookups[i]),
                          bound.table_columns, SizesOf(WaysToWork(working_bytes, lanes)), {},
                          BoundedColumns({BoundedLookupColumn(bound)})));
    plan->lookups.push_back(std::move(table));
  }
  // Lookups that take more than half of it may be joined out of core.
  std::vector<WorkPlan> ways =
      WaysToWork(working_bytes - std::min(IndexBytesOf(*plan), working_bytes / 2), lanes);
  ARROW_ASSIGN_OR_RAISE(
      plan->source,
      PinnedTable::Make("the source", std::move(source), plan->pipeline->source_columns,
                        SizesOf(ways), UseOfSource(*plan->pipeline).computed,
                        BoundedColumns(source_keys)));
  return ways;
}

// What is left to do as runs of the source's rows; see PiecesOf.
std::vector<Chunk> ChunksOfSource(const Plan& plan) {
  if (!plan.finished() && !plan.spec.in_key_order()) return plan.chunks;
  return {{.end_ordinal = plan.source->physical_rows()}};
}

// Chooses the first way that fits, with as many row groups spliced as can be: a row group whose new
// columns do not fit beside the rest is decoded. Where no way fits, the plan is the smallest one.
class WayChooser {
 public:
  WayChooser(const std::vector<WorkPlan>& ways, const PlanOptions& options, Plan* plan)
      : ways_(ways), options_(options), plan_(plan) {}

  void Choose() {
    Splice(std::numeric_limits<int64_t>::max());
    RankLookups();
    bool is_found = ChooseAny();
    // Less of it spliced: the rest is decoded in pieces as small as it takes.
    for (int64_t rows = kMostSplicedRows; !is_found && rows >= kFewestSplicedRows; rows /= 2) {
      Splice(rows);
      is_found = ChooseAny();
    }
    const SplicePlan chosen = plan_->splice;
    Splice(0);
    const Smallest smallest = FindSmallest();
    plan_->smallest_budget_bytes = smallest.bytes;
    if (is_found) {
      plan_->splice = chosen;
      pieces_ = PiecesOf(*plan_);
    } else if (!ChooseAny()) {
      Use(ways_.back(), smallest.external);
    }
    if (plan_->fits()) plan_->advice = Advise();
  }

 private:
  void Splice(int64_t most_rows) {
    plan_->splice =
        PlanSplice(plan_->spec, *plan_->pipeline, *plan_->source, ChunksOfSource(*plan_),
                   {.smallest_bytes = options_.smallest_splice_bytes, .most_rows = most_rows});
    pieces_ = PiecesOf(*plan_);
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
          IsFasterOutOfCore(bound, table, pieces_, options_.large_index_bytes)));
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
    plan_->lanes = way.lanes;
    plan_->spools = way.spools && plan_->splice.spliced > 0;
    plan_->sizes = way.sizes;
    plan_->external_joins = Joins(way, external, plan_->budget.total_bytes);
    plan_->sort = Sort(way, plan_->external_joins, plan_->budget.total_bytes);
    plan_->memory = Memory(way, plan_->external_joins, plan_->sort);
    // An index of a range of keys is not there yet when the lookups are ready.
    if (plan_->spools && !options_.spools && !plan_->joins_by_ranges()) {
      WorkPlan in_memory = way;
      in_memory.spools = false;
      plan_->memory.unspooled_writing_bytes =
          Memory(in_memory, plan_->external_joins, plan_->sort).writing_bytes;
    }
    return plan_->fits() && !WantsToSpool();
  }

  static constexpr int64_t kWritingShares = 4;

  // What waits in memory to be written is better in files where it takes much of the budget.
  bool WantsToSpool() const {
    if (plan_->spools || plan_->splice.spliced == 0) return false;
    return options_.spools ||
           kWritingShares * plan_->memory.writing_bytes > plan_->budget.total_bytes;
  }

  // The least that there is, with the number of lookups out of core that gives it: few rows take
  // less as an index.
  struct Smallest {
    int64_t bytes = std::numeric_limits<int64_t>::max();
    size_t external = 0;
  };
  Smallest FindSmallest() {
    const WorkPlan& way = ways_.back();
    Smallest smallest;
    for (size_t external = 0; external <= plan_->lookups.size(); ++external) {
      const ExternalJoins joins = Joins(way, external, 0);
      const int64_t bytes = Memory(way, joins, Sort(way, joins, 0)).bound_bytes;
      if (bytes < smallest.bytes) smallest = {.bytes = bytes, .external = external};
    }
    return smallest;
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
            .in_key_order = plan_->spec.in_key_order(),
            .most_range_bytes = options_.most_range_bytes.value_or(
                options_.joins_out_of_core ? 0 : options_.large_index_bytes)};
  }

  const std::vector<WorkPlan>& ways_;
  const PlanOptions& options_;
  Plan* const plan_;
  std::vector<Piece> pieces_;
  std::vector<size_t> ranked_;  // the lookups, in the order in which they go out of core
  size_t faster_out_of_core_ = 0;
};

// Whether a second attempt in key order would have other rows: it counts them to know where to go
// on.
bool CountsChange(const Plan& plan) {
  return plan.spec.in_key_order() &&
         plan.pipeline->rows_time_dependence == expression::TimeDependence::kAlways;
}

Status CheckKeyOrder(const Plan& plan) {
  if (!CountsChange(plan) || plan.spec.mode != spec::Mode::kChunked) return Status::OK();
  return MakeError(
      {.code = ErrorCode::kValueOutOfRange,
       .what = "chunks in key order cannot have rows that depend on the time",
       .where = plan.spec.processing.chunk_order_origin,
       .why = "after a kill, a run could not tell which of them are committed: `where`, a lookup's "
              "key or an expectation that drops rows uses current_timestamp() or current_date()",
       .cure = "write \"mode: standard\", or compare with a constant from `variables`"});
}

void ChooseMode(Plan* plan) {
  const int64_t rows = plan->source->live_rows();
  const spec::Processing& processing = plan->spec.processing;
  const auto choose = [plan](RunMode mode, std::string reason) {
    plan->mode = mode;
    plan->mode_reason = std::move(reason);
  };
  if (plan->spec.mode == spec::Mode::kStandard) return choose(RunMode::kStandard, "as requested");
  if (plan->spec.mode == spec::Mode::kChunked) return choose(RunMode::kChunked, "as requested");
  if (CountsChange(*plan)) {
    return choose(RunMode::kStandard,
                  "in key order, rows that depend on the time go into one commit");
  }
  if (rows <= processing.in_memory_threshold_rows) {
    return choose(RunMode::kStandard,
                  fmt::format("{} rows, not more than in_memory_threshold ({})", FormatCount(rows),
                              FormatCount(processing.in_memory_threshold_rows)));
  }
  if (rows > processing.max_safe_size_rows) {
    return choose(RunMode::kChunked,
                  fmt::format("{} rows, more than max_safe_size ({})", FormatCount(rows),
                              FormatCount(processing.max_safe_size_rows)));
  }
  if (plan->source->bytes() <= plan->budget.total_bytes) {
    return choose(RunMode::kStandard,
                  "between the two thresholds, and the source's files are smaller than the budget");
  }
  choose(RunMode::kChunked,
         "between the two thresholds, and the source's files are larger than the budget");
}

}  // namespace

int64_t Plan::overhead_bytes(int of_lanes) const {
  // The program's own bytes have room for usual footers. Of one with long statistics there are so
  // many copies: parsed for the reader and the writer, in the new file's footer, and in the log.
  constexpr int64_t kUsualFooterBytes = kMiB;
  constexpr int64_t kFooterCopies = 10;
  int64_t largest = source->largest_footer_bytes();
  for (const auto& lookup : lookups) largest = std::max(largest, lookup->largest_footer_bytes());
  return memory::kProcessOverheadBytes +
         of_lanes * kFooterCopies * std::max<int64_t>(0, largest - kUsualFooterBytes);
}

Result<std::unique_ptr<Plan>> MakePlan(spec::Spec spec, const PlanOptions& options) {
  auto plan = std::make_unique<Plan>();
  plan->spec = std::move(spec);
  plan->memory_paths = options.memory_paths;
  plan->saves_what_is_in_memory = options.saves_what_is_in_memory;
  const spec::Resources& resources = plan->spec.resources;
  ARROW_ASSIGN_OR_RAISE(
      plan->budget, memory::DetermineBudget(resources.memory_bytes,
                                            static_cast<int>(resources.max_memory_usage_percent),
                                            options.memory_paths));

  // Open the tables, and bind the pipeline to their schemas.
  ARROW_ASSIGN_OR_RAISE(auto source, OpenInput(plan->spec, plan->spec.source));
  std::vector<std::unique_ptr<delta::Snapshot>> lookups;
  std::vector<std::shared_ptr<arrow::Schema>> lookup_schemas;
  std::vector<std::string> input_paths = {source->root_path()};
  for (const spec::Lookup& lookup : plan->spec.lookups) {
    ARROW_ASSIGN_OR_RAISE(auto snapshot, OpenInput(plan->spec, lookup.table));
    lookup_schemas.push_back(snapshot->schema());
    input_paths.push_back(snapshot->root_path());
    lookups.push_back(std::move(snapshot));
  }
  ARROW_ASSIGN_OR_RAISE(plan->pipeline,
                        BindPipeline(plan->spec, *source->schema(), lookup_schemas));
  ARROW_RETURN_NOT_OK(CheckKeyOrder(*plan));

  // Look at the target: may the run write there, and how far did an earlier attempt come?
  ARROW_ASSIGN_OR_RAISE(plan->target, OpenTarget(plan->spec, input_paths));
  const PlanText plan_text = MakePlanText(plan->spec, *source, lookups);
  plan->plan_text = plan_text.shown;
  ARROW_ASSIGN_OR_RAISE(
      const ProgressRecord progress,
      FindBeginning(plan->spec, plan->target.snapshot.get(), plan_text, options.beginning));
  plan->file_tag = NewFileTag();
  plan->app_id = progress.app_id;
  plan->work_identity = WorkIdentity(plan->spec, plan->app_id);
  plan->committed_ordinal = progress.committed_ordinal;
  if (!plan->committed_ordinal) {
    ARROW_RETURN_NOT_OK(CheckTarget(plan->spec, plan->target, *plan->pipeline->output_schema));
  }
  const bool keeps_schema =
      plan->target.exists() && (plan->committed_ordinal || !ReplacesSchema(plan->spec));
  plan->pipeline->output_schema =
      keeps_schema ? AsStoredIn(*plan->target.snapshot->schema(), *plan->pipeline->output_schema)
                   : AllNullable(*plan->pipeline->output_schema);

  // Read the footers, and add up the memory.
  ARROW_ASSIGN_OR_RAISE(const std::vector<WorkPlan> ways,
                        PinTables(plan.get(), std::move(source), std::move(lookups)));
  ChooseMode(plan.get());
  FindKept(plan.get());
  CutWork(plan.get());
  WayChooser(ways, options, plan.get()).Choose();
  return plan;
}

std::vector<Piece> PiecesOf(const Plan& plan) {
  return CutPieces(ChunksOfSource(plan), plan.source->files(), plan.splice,
                   plan.spec.target.target_file_size_bytes);
}

Status CheckBound(const Plan& plan) {
  if (plan.fits()) return Status::OK();
  const std::string& given = plan.spec.resources.memory_origin;
  return MakeError(
      {.code = ErrorCode::kBudgetTooSmall,
       .what = fmt::format("the job does not fit a budget of {}",
                           FormatByteSize(plan.budget.total_bytes)),
       .where = given.empty() ? plan.budget.origin : given,
       .why = fmt::format("in the worst case it needs {}; `spillway plan` shows this line by line",
                          FormatByteSize(plan.memory.bound_bytes)),
       .cure = fmt::format("use {} or more", MemoryFlag(plan.smallest_budget_bytes))});
}

}  // namespace spillway::pipeline
