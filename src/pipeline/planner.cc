#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/allocator.h"
#include "memory/overhead.h"
#include "pipeline/plan.h"
#include "pipeline/progress_record.h"
#include "storage/table_location.h"

namespace spillway::pipeline {
namespace {

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

// The sizes of pieces for what is left of the budget beside the indexes.
WorkSizes SourceSizes(const Plan& plan, int64_t index_bytes) {
  return SizesFor(plan.budget.total_bytes - memory::kProcessOverheadBytes - index_bytes);
}

Status PinTables(Plan* plan, std::unique_ptr<delta::Snapshot> source,
                 std::vector<std::unique_ptr<delta::Snapshot>> lookups) {
  arrow::MemoryPool* pool = memory::BackingPool();
  const WorkSizes lookup_sizes = SourceSizes(*plan, 0);
  int64_t index_bytes = 0;
  for (size_t i = 0; i < lookups.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto table,
                          PinnedTable::Make(plan->spec.lookups[i].name.text, std::move(lookups[i]),
                                            plan->pipeline->lookups[i].table_columns,
                                            ReadOptionsFor(lookup_sizes, pool)));
    index_bytes += IndexBytes(plan->pipeline->lookups[i], *table);
    plan->lookups.push_back(std::move(table));
  }
  plan->sizes = SourceSizes(*plan, index_bytes);
  ARROW_ASSIGN_OR_RAISE(plan->source, PinnedTable::Make("the source", std::move(source),
                                                        plan->pipeline->source_columns,
                                                        ReadOptionsFor(plan->sizes, pool)));
  return Status::OK();
}

void ChooseMode(Plan* plan) {
  const int64_t rows = plan->source->live_rows();
  const spec::Processing& processing = plan->spec.processing;
  const auto choose = [plan](RunMode mode, std::string reason) {
    plan->mode = mode;
    plan->mode_reason = std::move(reason);
  };
  if (plan->spec.mode == spec::Mode::kStandard) return choose(RunMode::kStandard, "as asked for");
  if (plan->spec.mode == spec::Mode::kChunked) return choose(RunMode::kChunked, "as asked for");
  if (rows <= processing.in_memory_threshold_rows) {
    return choose(RunMode::kStandard,
                  fmt::format("{} rows are at most in_memory_threshold ({})", FormatCount(rows),
                              FormatCount(processing.in_memory_threshold_rows)));
  }
  if (rows > processing.max_safe_size_rows) {
    return choose(RunMode::kChunked,
                  fmt::format("{} rows are above max_safe_size ({})", FormatCount(rows),
                              FormatCount(processing.max_safe_size_rows)));
  }
  if (plan->source->bytes() <= plan->budget.total_bytes) {
    return choose(RunMode::kStandard,
                  "between the thresholds, and the source's files are smaller "
                  "than the budget");
  }
  choose(RunMode::kChunked,
         "between the thresholds, and the source's files are larger than the "
         "budget");
}

void CutWork(Plan* plan) {
  const int64_t first = plan->committed_ordinal.value_or(0);
  const int64_t last = plan->source->physical_rows();
  if (plan->finished()) return;
  if (plan->mode == RunMode::kStandard) {
    plan->chunks = {{.first_ordinal = first, .end_ordinal = last}};
  } else {
    plan->chunks = CutChunks(plan->source->files(), first, plan->spec.processing.chunk_size_rows);
    // A source without rows has one commit all the same, which says that the run has finished.
    if (plan->chunks.empty()) plan->chunks = {{.first_ordinal = first, .end_ordinal = last}};
  }
}

}  // namespace

Result<std::unique_ptr<Plan>> MakePlan(spec::Spec spec, const PlanOptions& options) {
  auto plan = std::make_unique<Plan>();
  plan->spec = std::move(spec);
  ARROW_ASSIGN_OR_RAISE(
      plan->budget,
      memory::DetermineBudget(plan->spec.resources.memory_bytes,
                              static_cast<int>(plan->spec.resources.max_memory_usage_percent)));

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

  // Look at the target: may the run write there, and how far did an earlier attempt come?
  ARROW_ASSIGN_OR_RAISE(plan->target, OpenTarget(plan->spec, input_paths));
  const std::string identity = PlanIdentity(plan->spec, *source, lookups);
  ARROW_ASSIGN_OR_RAISE(const ProgressRecord progress,
                        FindProgress(plan->target.snapshot.get(), identity, options.fresh));
  plan->app_id = progress.app_id;
  plan->committed_ordinal = progress.committed_ordinal;
  if (!plan->committed_ordinal) {
    ARROW_RETURN_NOT_OK(CheckTarget(plan->spec, plan->target, *plan->pipeline->output_schema));
  }
  if (plan->target.exists() && (plan->committed_ordinal || !ReplacesSchema(plan->spec))) {
    plan->pipeline->output_schema =
        WithNamesOf(*plan->target.snapshot->schema(), *plan->pipeline->output_schema);
  }

  // Read the footers, and add up the memory.
  ARROW_RETURN_NOT_OK(PinTables(plan.get(), std::move(source), std::move(lookups)));
  const PlannedInputs inputs{*plan->pipeline, *plan->source, plan->lookups};
  plan->memory = PlanMemory(inputs, plan->sizes, memory::kProcessOverheadBytes);
  MemoryPlan smallest = PlanMemoryInSmallestPieces(inputs, memory::kProcessOverheadBytes);
  plan->smallest_budget_bytes = smallest.bound_bytes;
  if (!plan->fits()) {
    plan->sizes = SizesFor(0);
    plan->memory = std::move(smallest);
  }

  ChooseMode(plan.get());
  CutWork(plan.get());
  return plan;
}

Status CheckBound(const Plan& plan) {
  if (plan.fits()) return Status::OK();
  const std::string& given = plan.spec.resources.memory_origin;
  // Rounded up, so that the number can be given as it is printed.
  const int64_t mebibytes = (plan.smallest_budget_bytes + kMiB - 1) / kMiB;
  return MakeError(
      {.code = ErrorCode::kBudgetTooSmall,
       .what = fmt::format("the job does not fit a budget of {}",
                           FormatByteSize(plan.budget.total_bytes)),
       .where = given.empty() ? plan.budget.origin : given,
       .why = fmt::format("its worst case needs {}; `spillway plan` lists it line by line",
                          FormatByteSize(plan.memory.bound_bytes)),
       .cure = fmt::format("give --memory {}MiB or more", mebibytes)});
}

}  // namespace spillway::pipeline
