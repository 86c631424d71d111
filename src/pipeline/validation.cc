#include "pipeline/validation.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/units.h"
#include "memory/process_memory.h"
#include "pipeline/clock.h"
#include "pipeline/column_names.h"
#include "pipeline/committed_files.h"
#include "pipeline/fingerprint.h"
#include "pipeline/run_memory.h"
#include "pipeline/validation_sides.h"

namespace spillway::pipeline {
namespace {

using expression::TimeDependence;

// Which rows there are cannot be computed again where that depends on the time of the run.
Status RowsDependOnTime(const Plan& plan, std::string why) {
  return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                    .what = "a pipeline whose rows depend on the time cannot be validated",
                    .where = plan.spec.file,
                    .why = std::move(why),
                    .cure = "compare with a constant from `variables` instead"});
}

Status CheckRowsAreFixed(const Plan& plan) {
  if (plan.pipeline->rows_time_dependence != TimeDependence::kAlways) return Status::OK();
  return RowsDependOnTime(plan,
                          "`where`, a lookup's key or an expectation that drops rows uses "
                          "current_timestamp() or current_date()");
}

Status CheckFinished(const Plan& plan) {
  if (!plan.target.exists()) {
    return MakeError({.code = ErrorCode::kTableNotFound,
                      .what = "the target does not exist yet",
                      .where = plan.target.path,
                      .cure = "run the pipeline first"});
  }
  if (plan.finished()) return Status::OK();
  const std::string why =
      plan.committed_ordinal
          ? fmt::format("{} of {} source rows are committed", FormatCount(*plan.committed_ordinal),
                        FormatCount(plan.source->physical_rows()))
          : std::string(
                "the target has no commit of this pipeline with the current versions of its "
                "inputs");
  return MakeError(
      {.code = ErrorCode::kValidationDiffers,
       .what = "the target does not hold a complete run of this pipeline",
       .where = fmt::format("{} (version {})", plan.target.path, plan.target.snapshot->version()),
       .why = why,
       .cure = "run the pipeline, or pin the inputs to the versions that it ran with"});
}

// The place of each output column in the target's schema.
Result<std::vector<int>> StoredOrder(const Plan& plan) {
  std::vector<int> order;
  const arrow::FieldVector& stored = plan.target.snapshot->schema()->fields();
  for (const auto& field : plan.pipeline->output_schema->fields()) {
    const auto place = std::ranges::find_if(
        stored, [&field](const auto& other) { return SameName(other->name(), field->name()); });
    if (place == stored.end()) {
      return MakeError(
          {.code = ErrorCode::kValidationDiffers,
           .what = fmt::format("the target no longer has the column \"{}\"", field->name()),
           .where = plan.target.path,
           .why = SchemaDifference(*plan.target.snapshot->schema(), *plan.pipeline->output_schema),
           .cure = "run the pipeline again with --fresh"});
    }
    order.push_back(static_cast<int>(place - stored.begin()));
  }
  return order;
}

std::vector<int> AscendingIndices(size_t count) {
  std::vector<int> indices(count);
  for (size_t i = 0; i < count; ++i) indices[i] = static_cast<int>(i);
  return indices;
}

// What is compared with the rows that the pipeline gives.
struct Scope {
  std::optional<CommittedFiles> run;  // of a run that appends
  bool whole_table = true;
};

Result<Scope> FindScope(const Plan& plan) {
  if (plan.spec.target.mode != spec::TargetMode::kAppend) return Scope{};
  ARROW_ASSIGN_OR_RAISE(CommittedFiles run,
                        CommittedFiles::Find(*plan.target.snapshot, plan.app_id));
  const bool in_place = run.all_in_place();
  return Scope{.run = std::move(run), .whole_table = !in_place};
}

// A table that is equal as a whole holds the run's rows, wherever they are; a difference says
// nothing of them where they stand among others.
Status CheckVerdict(const Plan& plan, const Scope& scope, bool is_equal) {
  if (is_equal || !scope.run || !scope.whole_table) return Status::OK();
  const std::string where =
      fmt::format("{} (version {})", plan.target.path, plan.target.snapshot->version());
  if (const std::optional<FileFate> loss = scope.run->FirstLoss()) {
    return MakeError(
        {.code = ErrorCode::kValidationDiffers,
         .what = "another writer removed rows of this run from the target",
         .where = where,
         .why = fmt::format("{} removed or rewrote files that hold them", NameCommit(*loss)),
         .cure = fmt::format("RESTORE the table to version {}", loss->version - 1)});
  }
  return MakeError(
      {.code = ErrorCode::kFeatureNotBuilt,
       .what = "the rows of this run can no longer be told apart from the target's other rows",
       .where = where,
       .why = fmt::format("{} moved them to other files",
                          NameCommit(scope.run->FirstMove().value_or(FileFate{}))),
       .cure = "validate an append before the table is compacted"});
}

Result<StoredTable> OpenStored(const Plan& plan, const Scope& scope) {
  ARROW_ASSIGN_OR_RAISE(std::vector<int> places, StoredOrder(plan));
  ARROW_ASSIGN_OR_RAISE(
      auto snapshot,
      delta::Snapshot::Open(plan.target.path, {.version = plan.target.snapshot->version()}));
  const auto columns = static_cast<size_t>(snapshot->schema()->num_fields());
  WantedFile is_compared;
  if (!scope.whole_table) {
    is_compared = [&scope](const std::string& path) { return scope.run->Contains(path); };
  }
  ARROW_ASSIGN_OR_RAISE(
      auto table, PinnedTable::Make("the target", std::move(snapshot), AscendingIndices(columns),
                                    {plan.sizes}, {}, {}, is_compared));
  return StoredTable{.table = std::move(table), .places = std::move(places)};
}

Result<std::optional<ColumnProfile>> ProfileOf(const Fingerprint& side, size_t column) {
  if (column >= side.summaries().size()) return std::nullopt;
  const ValueSummary& summary = side.summaries()[column];
  ARROW_ASSIGN_OR_RAISE(auto range, summary.Range());
  return ColumnProfile{.rows = summary.rows(),
                       .nulls = summary.nulls(),
                       .values = summary.Values(),
                       .range = std::move(range)};
}

// `is_compared`: by column; the others depend on the time, as it turned out.
Result<ValidationReport> Report(const Plan& plan, const Comparison& comparison,
                                const std::vector<bool>& is_compared, const Fingerprint& expected,
                                const Fingerprint& stored, bool timeless) {
  ValidationReport report{.expected_rows = expected.rows().count,
                          .stored_rows = stored.rows().count,
                          .expected_sampled_rows = expected.sampled_rows(),
                          .stored_sampled_rows = stored.sampled_rows(),
                          .rows_equal = timeless
                                            ? expected.timeless_rows() == stored.timeless_rows()
                                            : expected.rows() == stored.rows(),
                          .target_version = plan.target.snapshot->version()};
  for (const int column : comparison.identity) {
    report.identity.push_back(comparison.schema->field(column)->name());
  }
  for (size_t i = 0; i < comparison.num_columns(); ++i) {
    const ColumnFingerprint& left = expected.columns()[i];
    const ColumnFingerprint& right = stored.columns()[i];
    ColumnComparison column{
        .name = comparison.schema->field(static_cast<int>(i))->name(),
        .depends_on_time = !is_compared[i],
        .sampled = comparison.is_derived[i] && comparison.sampled_share < 1,
        .equal = (!is_compared[i] || left.values == right.values) && left.nulls == right.nulls,
        .expected_nulls = left.nulls,
        .stored_nulls = right.nulls};
    ARROW_ASSIGN_OR_RAISE(column.expected, ProfileOf(expected, i));
    ARROW_ASSIGN_OR_RAISE(column.stored, ProfileOf(stored, i));
    report.columns.push_back(std::move(column));
  }
  return report;
}

void AddPipelineCounts(const BoundPipeline& pipeline, const PipelineCounts& counts,
                       ValidationReport* report) {
  for (size_t i = 0; i < pipeline.lookups.size(); ++i) {
    report->lookups.push_back({.name = pipeline.lookups[i].name, .counts = counts.lookups[i]});
  }
  report->expectations = counts.expectations;
  for (size_t i = 0; i < pipeline.expectations.size(); ++i) {
    const bool fails = pipeline.expectations[i].action == spec::ExpectationAction::kFail;
    if (fails && counts.expectations[i].not_met > 0) report->meets_expectations = false;
  }
}

// Reads both sides again, for the rows that differ.
Result<RowDifferences> FindDifferences(const ValidationSides& sides, const Comparison& comparison,
                                       const std::vector<bool>& is_compared,
                                       const ExaminedBuckets& examined,
                                       const BoundPipeline& pipeline) {
  if (examined.buckets.empty()) return RowDifferences{};
  const RowExaminer empty(comparison, examined);
  PipelineCounts counts(pipeline);
  ARROW_ASSIGN_OR_RAISE(RowExaminer stored, sides.ReadStored(comparison, empty));
  ARROW_ASSIGN_OR_RAISE(RowExaminer expected, sides.ReadExpected<RowExaminer>(
                                                  comparison, [&] { return empty; }, &counts));
  return DescribeDifferences(comparison, is_compared, examined, expected.TakeRows(),
                             stored.TakeRows());
}

Result<ValidationReport> CompareSides(const RunContext& context, const Scope& scope,
                                      const StoredTable& table, const ValidationOptions& options) {
  const Plan& plan = context.plan;
  std::atomic<bool> found_time_of_today = false;
  // A NULL may depend on the time too, so that the present is the closest there is to the run's.
  const Moment moment{.now_micros = NowMicroseconds(), .found_time_of_today = &found_time_of_today};
  const ValidationSides sides(context, table, moment);
  ARROW_ASSIGN_OR_RAISE(const Comparison comparison, sides.Compare(options.sample_rows));
  PipelineCounts counts(*plan.pipeline);

  const auto make_buckets = [&] {
    return SideBuckets::Make(comparison, plan.source->live_rows(), context.memory.write_pool());
  };
  std::optional<SideBuckets> expected_buckets;
  const auto make_fingerprint = [&]() -> Result<Fingerprint> {
    ARROW_ASSIGN_OR_RAISE(expected_buckets, make_buckets());
    return Fingerprint(comparison, &*expected_buckets);
  };
  ARROW_ASSIGN_OR_RAISE(const Fingerprint expected,
                        sides.ReadExpected<Fingerprint>(comparison, make_fingerprint, &counts));
  if (found_time_of_today.load() &&
      plan.pipeline->rows_time_dependence == TimeDependence::kByText) {
    return RowsDependOnTime(
        plan,
        "`where`, a lookup's key or an expectation that drops rows casts text to TIMESTAMP, and "
        "some values are a time without a date, which means today");
  }
  ARROW_ASSIGN_OR_RAISE(std::optional<SideBuckets> stored_buckets, make_buckets());
  ARROW_ASSIGN_OR_RAISE(const Fingerprint stored,
                        sides.ReadStored(comparison, Fingerprint(comparison, &*stored_buckets)));

  const bool timeless = found_time_of_today.load();
  const TimeDependence least = timeless ? TimeDependence::kByText : TimeDependence::kAlways;
  std::vector<bool> is_compared;
  for (const TimeDependence dependence : comparison.dependence) {
    is_compared.push_back(dependence < least);
  }
  ARROW_ASSIGN_OR_RAISE(ValidationReport report,
                        Report(plan, comparison, is_compared, expected, stored, timeless));
  report.whole_table = scope.whole_table;
  AddPipelineCounts(*plan.pipeline, counts, &report);
  ARROW_RETURN_NOT_OK(CheckVerdict(plan, scope, report.equal()));
  if (report.rows_equal) return report;

  const ExaminedBuckets examined =
      ChooseBuckets(comparison, *expected_buckets, *stored_buckets, timeless);
  expected_buckets.reset();
  stored_buckets.reset();
  ARROW_ASSIGN_OR_RAISE(report.differences,
                        FindDifferences(sides, comparison, is_compared, examined, *plan.pipeline));
  if (report.differences->examined) {
    for (size_t i = 0; i < report.columns.size(); ++i) {
      report.columns[i].changed_rows = report.differences->changed_by_column[i];
    }
  }
  return report;
}

}  // namespace

bool ValidationReport::equal() const {
  return rows_equal && expected_rows == stored_rows &&
         std::ranges::all_of(columns, &ColumnComparison::equal);
}

Result<ValidationReport> Validate(const Plan& plan, Progress* progress, const StopSignal& stop,
                                  const ValidationOptions& options) {
  const SteadyTime start = std::chrono::steady_clock::now();
  ARROW_RETURN_NOT_OK(CheckRowsAreFixed(plan));
  ARROW_RETURN_NOT_OK(CheckFinished(plan));
  ARROW_RETURN_NOT_OK(CheckBound(plan));
  ARROW_ASSIGN_OR_RAISE(const Scope scope, FindScope(plan));
  ARROW_ASSIGN_OR_RAISE(const auto memory, RunMemory::Make(plan));
  memory::PeakSampler sampler;
  ARROW_RETURN_NOT_OK(sampler.Start());
  ARROW_ASSIGN_OR_RAISE(const StoredTable stored, OpenStored(plan, scope));
  ARROW_ASSIGN_OR_RAISE(ValidationReport report, CompareSides({.plan = plan,
                                                               .memory = *memory,
                                                               .progress = progress,
                                                               .stop = stop,
                                                               .sizes = plan.sizes},
                                                              scope, stored, options));
  sampler.Stop();
  progress->phase = Phase::kDone;
  report.whole_table = scope.whole_table;
  report.peak_memory_bytes = sampler.peak_bytes();
  report.seconds = SecondsSince(start);
  return report;
}

}  // namespace spillway::pipeline
