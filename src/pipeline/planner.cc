#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/overhead.h"
#include "parquet/footer_statistics.h"
#include "pipeline/column_mapping.h"
#include "pipeline/nested_nullability.h"
#include "pipeline/plan.h"
#include "pipeline/progress_record.h"
#include "pipeline/row_pruner.h"
#include "pipeline/state_folder.h"
#include "pipeline/table_writer.h"
#include "pipeline/way_choice.h"
#include "pipeline/work_left.h"

namespace spillway::pipeline {
namespace {

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

// Those that there are, each once.
std::vector<size_t> BoundedColumns(const std::vector<std::optional<size_t>>& columns) {
  std::set<size_t> bounded;
  for (const auto& column : columns) {
    if (column) bounded.insert(*column);
  }
  return {bounded.begin(), bounded.end()};
}

// Opens the tables for every way to work that may be chosen, which are returned.
Result<std::vector<WorkPlan>> PinTables(Plan* plan, Inputs inputs, bool trusts_statistics) {
  const int lanes = MostLanes(plan->spec.resources);
  const int64_t working_bytes = plan->budget.total_bytes - memory::kProcessOverheadBytes;
  std::vector<std::optional<size_t>> source_keys;
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const BoundLookup& bound = plan->pipeline->lookups[i];
    source_keys.push_back(BoundedSourceColumn(bound, plan->pipeline->source_columns.size()));
    ARROW_ASSIGN_OR_RAISE(
        auto table,
        PinnedTable::Make(plan->spec.lookups[i].name.text, std::move(inputs.lookups[i]),
                          bound.table_columns, SizesOf(WaysToWork(working_bytes, lanes)), {},
                          BoundedColumns({BoundedLookupColumn(bound)})));
    plan->lookups.push_back(std::move(table));
  }
  // Lookups that take more than half of it may be joined out of core.
  std::vector<WorkPlan> ways =
      WaysToWork(working_bytes - std::min(IndexBytesOf(*plan), working_bytes / 2), lanes);
  std::optional<RowPruner> pruner;
  if (plan->pipeline->where) {
    pruner.emplace(*plan->pipeline->where, *inputs.source, plan->pipeline->source_columns,
                   trusts_statistics);
  }
  ARROW_ASSIGN_OR_RAISE(
      plan->source,
      PinnedTable::Make("the source", std::move(inputs.source), plan->pipeline->source_columns,
                        SizesOf(ways), UseOfSource(*plan->pipeline).computed,
                        BoundedColumns(source_keys), nullptr, pruner ? &*pruner : nullptr));
  return ways;
}

Result<std::unique_ptr<BoundPipeline>> BindTo(const spec::Spec& spec, const Inputs& inputs) {
  ARROW_ASSIGN_OR_RAISE(const auto source, ColumnsOf(*inputs.source, spec.source, "the source"));
  std::vector<std::shared_ptr<arrow::Schema>> lookups;
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const spec::Lookup& lookup = spec.lookups[i];
    ARROW_ASSIGN_OR_RAISE(auto schema, ColumnsOf(*inputs.lookups[i], lookup.table,
                                                 fmt::format("the lookup {}", lookup.name.text)));
    lookups.push_back(std::move(schema));
  }
  return BindPipeline(spec, *source, lookups);
}

// The table's columns in its files; of a table that is made, or gets new columns, as they will be.
void KnowColumns(bool keeps_schema, Plan* plan) {
  const arrow::Schema& schema = *plan->pipeline->output_schema;
  plan->definition = plan->file_schema = plan->pipeline->output_schema;
  if (!MapsColumns(plan->spec, plan->target)) return;
  if (keeps_schema) {
    plan->file_schema = InFilesOf(*plan->target.snapshot, schema);
    return;
  }
  plan->definition = WithMapping(schema, plan->app_id, LargestColumnId(plan->target));
  plan->file_schema = InFiles(*plan->definition);
}

void KnowStart(const Start& start, const Beginning& beginning, Plan* plan) {
  plan->plan_text = MakePlanText(plan->spec, start.pins).shown;
  plan->app_id = start.progress.app_id;
  plan->file_tag = NewFileTag({.pipeline = plan->spec.pipeline.text, .app_id = plan->app_id});
  plan->work_identity = WorkIdentity(plan->spec, plan->app_id);
  plan->committed_ordinal = start.progress.committed_ordinal;
  plan->trusts_commits = beginning.fresh;
}

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
  // The program's own bytes have room for usual footers, and for the facts of usual tables.
  constexpr int64_t kUsualBytes = 12 * kMiB;
  // A lane reads its rows' columns by one footer, and copies the others by another one. Of what is
  // copied there are then so many copies: of the source, in the new file's footer, and in the log.
  constexpr int64_t kReadFooters = 2;
  constexpr int64_t kCopiedFooters = 3;
  // What writes a leaf column, pages aside: our writer, parquet-cpp's, and a Thrift serializer.
  constexpr int64_t kWriterBytes = 4 * kKiB;
  int64_t largest = source->largest_footer_bytes();
  int64_t facts_bytes = source->facts_bytes();
  for (const auto& lookup : lookups) {
    largest = std::max(largest, lookup->largest_footer_bytes());
    facts_bytes += lookup->facts_bytes();
  }
  int64_t leaves = 0;
  for (const auto& field : pipeline->output_schema->fields()) {
    leaves += parquet::CountLeaves(*field->type());
  }
  const int64_t lane_bytes =
      kReadFooters * largest + kCopiedFooters * splice.most_footer_bytes + kWriterBytes * leaves;
  return memory::kProcessOverheadBytes +
         std::max<int64_t>(0, facts_bytes + of_lanes * lane_bytes - kUsualBytes);
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

  // Open the tables: how far did an earlier attempt come, and with which versions? Bind the
  // pipeline to their schemas, and look whether it may write to the target.
  ARROW_ASSIGN_OR_RAISE(Inputs inputs, OpenInputs(plan->spec));
  ARROW_ASSIGN_OR_RAISE(plan->target, OpenTarget(plan->spec, inputs.paths()));
  ARROW_ASSIGN_OR_RAISE(const Start start, FindStart(plan->spec, plan->target.snapshot.get(),
                                                     inputs.pins(), options.beginning));
  ARROW_RETURN_NOT_OK(HoldVersions(plan->spec, start.pins, &inputs));
  ARROW_ASSIGN_OR_RAISE(plan->pipeline, BindTo(plan->spec, inputs));
  ARROW_RETURN_NOT_OK(CheckKeyOrder(*plan));
  KnowStart(start, options.beginning, plan.get());
  if (!plan->committed_ordinal) {
    ARROW_RETURN_NOT_OK(CheckTarget(plan->spec, plan->target, *plan->pipeline->output_schema));
  }
  const bool keeps_schema =
      plan->target.exists() && (plan->committed_ordinal || !ReplacesSchema(plan->spec));
  plan->pipeline->output_schema =
      keeps_schema ? AsStoredIn(*plan->target.snapshot->schema(), *plan->pipeline->output_schema)
                   : AllNullable(*plan->pipeline->output_schema);
  KnowColumns(keeps_schema, plan.get());

  // Read the footers, and add up the memory.
  plan->held = inputs.held;
  const Result<std::vector<WorkPlan>> ways =
      PinTables(plan.get(), std::move(inputs), options.trusts_statistics);
  ARROW_RETURN_NOT_OK(CannotGoOn(ways.status(), plan->held, plan->spec));
  ChooseMode(plan.get());
  if (plan->finished() && !options.beginning.only_looks) {
    ARROW_ASSIGN_OR_RAISE(plan->changes,
                          FindTargetChanges(plan->spec, *plan->target.snapshot, plan->app_id));
  }
  FindKept(plan.get());
  CutWork(plan.get());
  ChooseWay(*ways, options, plan.get());
  return plan;
}

std::vector<Piece> PiecesOf(const Plan& plan) {
  return CutPieces(ChunksOfSource(plan), plan.source->files(), plan.splice,
                   plan.spec.target.target_file_size_bytes);
}

Status CheckFinishedTarget(const Plan& plan) {
  if (!plan.finished()) return Status::OK();
  return CheckRowsAreLeft(plan.spec, *plan.target.snapshot, plan.changes);
}

Status CheckBound(const Plan& plan) {
  if (plan.fits()) return Status::OK();
  const std::string& given = plan.spec.resources.memory_origin;
  return MakeError(
      {.code = ErrorCode::kBudgetTooSmall,
       .what = fmt::format("the job does not fit a budget of {}",
                           FormatByteSize(plan.budget.total_bytes)),
       .where = given.empty() ? plan.budget.origin : given,
       .why = plan.smallest_budget_bytes > 0
                  ? fmt::format(
                        "in the worst case it needs {}; `spillway plan` shows this line by line",
                        FormatByteSize(plan.memory.bound_bytes))
                  : "it does not fit without spill files",
       .cure = CureOf(plan)});
}

}  // namespace spillway::pipeline
