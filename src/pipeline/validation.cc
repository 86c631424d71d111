#include "pipeline/validation.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/process_memory.h"
#include "pipeline/clock.h"
#include "pipeline/column_names.h"
#include "pipeline/committed_files.h"
#include "pipeline/lookup_builder.h"
#include "pipeline/row_hash.h"
#include "pipeline/run_memory.h"
#include "pipeline/silver_reader.h"
#include "pipeline/table_scan.h"

namespace spillway::pipeline {
namespace {

using expression::TimeDependence;

// One side of the comparison. Whether a column that is kByText depends on the time is known only
// when the expected rows are computed, so that rows are hashed with such columns and without them.
struct Fingerprint {
  MultisetHash rows;           // of all columns but those that always depend on the time
  MultisetHash timeless_rows;  // of those that never do
  std::vector<MultisetHash> columns;
  std::vector<int64_t> nulls;
};

Fingerprint EmptyFingerprint(size_t columns) {
  Fingerprint fingerprint;
  fingerprint.columns.resize(columns);
  fingerprint.nulls.resize(columns);
  return fingerprint;
}

// Hashes all rows of `rows`. `order` gives, for each output column, its place in the batches.
Status AddToFingerprint(arrow::RecordBatchReader& rows, const std::vector<int>& order,
                        const std::vector<TimeDependence>& dependence, Fingerprint* result) {
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows.ReadNext(&batch));
    if (batch == nullptr) return Status::OK();
    std::vector<uint64_t> row_hashes(static_cast<size_t>(batch->num_rows()), 0);
    const auto add_columns = [&](TimeDependence wanted) {
      for (size_t i = 0; i < order.size(); ++i) {
        if (dependence[i] != wanted) continue;
        ARROW_ASSIGN_OR_RAISE(const auto hashes, HashColumn(*batch->column(order[i])));
        result->columns[i].Add(hashes);
        CombineHashes(hashes, &row_hashes);
      }
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(add_columns(TimeDependence::kNever));
    result->timeless_rows.Add(row_hashes);
    ARROW_RETURN_NOT_OK(add_columns(TimeDependence::kByText));
    result->rows.Add(row_hashes);
    for (size_t i = 0; i < order.size(); ++i) {
      result->nulls[i] += batch->column(order[i])->null_count();
    }
  }
}

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
                          "`where` or a lookup's key uses current_timestamp() or current_date()");
}

Status CheckFinished(const Plan& plan) {
  if (!plan.target.exists()) {
    return MakeError({.code = ErrorCode::kTableNotFound,
                      .what = "there is no target to validate",
                      .where = plan.target.path,
                      .cure = "run the pipeline first"});
  }
  if (plan.finished()) return Status::OK();
  const std::string why =
      plan.committed_ordinal
          ? fmt::format("it is committed up to source row {} of {}",
                        FormatCount(*plan.committed_ordinal),
                        FormatCount(plan.source->physical_rows()))
          : std::string(
                "the target has no commit of this pipeline with its inputs' present versions");
  return MakeError(
      {.code = ErrorCode::kValidationDiffers,
       .what = "the target does not hold a finished run of this pipeline",
       .where = fmt::format("{} (version {})", plan.target.path, plan.target.snapshot->version()),
       .why = why,
       .cure = "run the pipeline, or pin the inputs' versions that it ran with"});
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
           .what = fmt::format("the target has lost the column \"{}\"", field->name()),
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

// `found_time_of_today` as in expression::EvaluationContext.
Result<Fingerprint> ExpectedFingerprint(const RunContext& context,
                                        std::atomic<bool>* found_time_of_today) {
  const Plan& plan = context.plan;
  // A NULL may depend on the time too, so that the present is the closest there is to the run's.
  const Moment moment{.now_micros = NowMicroseconds(), .found_time_of_today = found_time_of_today};
  const std::vector<Piece> pieces = PiecesOf(plan);
  ARROW_ASSIGN_OR_RAISE(const Lookups lookups, BuildLookups(context, pieces, moment));
  context.progress->rows_done = 0;
  context.progress->total_rows = plan.source->live_rows();
  context.progress->phase = Phase::kChunks;
  const std::vector<int> order = AscendingIndices(plan.pipeline->output_columns.size());
  Fingerprint fingerprint = EmptyFingerprint(order.size());
  for (const Piece& piece : pieces) {
    ARROW_ASSIGN_OR_RAISE(const ReaderPointer rows, ReadSilver(context, lookups, piece, moment));
    ARROW_RETURN_NOT_OK(
        AddToFingerprint(*rows, order, plan.pipeline->output_time_dependence, &fingerprint));
    lookups.Release(piece);
  }
  return fingerprint;
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
         .what = "another writer took rows of this run out of the target",
         .where = where,
         .why = fmt::format("{} removed or rewrote files that hold them", NameCommit(*loss)),
         .cure = fmt::format("RESTORE the table to version {}", loss->version - 1)});
  }
  return MakeError(
      {.code = ErrorCode::kFeatureNotBuilt,
       .what = "the rows of this run cannot be told from the target's other rows any more",
       .where = where,
       .why = fmt::format("{} moved them to other files",
                          NameCommit(scope.run->FirstMove().value_or(FileFate{}))),
       .cure = "validate a run that appends before the table is compacted"});
}

Result<Fingerprint> StoredFingerprint(const Plan& plan, const Scope& scope, RunMemory& memory) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<int> order, StoredOrder(plan));
  ARROW_ASSIGN_OR_RAISE(
      auto snapshot,
      delta::Snapshot::Open(plan.target.path, {.version = plan.target.snapshot->version()}));
  const parquet::ReadOptions options = ReadOptionsFor(plan.sizes, memory.read_pool());
  const auto columns = static_cast<size_t>(snapshot->schema()->num_fields());
  WantedFile is_compared;
  if (!scope.whole_table) {
    is_compared = [&scope](const std::string& path) { return scope.run->Contains(path); };
  }
  ARROW_ASSIGN_OR_RAISE(const auto table, PinnedTable::Make("the target", std::move(snapshot),
                                                            AscendingIndices(columns), {plan.sizes},
                                                            {}, {}, is_compared));
  const auto rows = ScanTable(*table, 0, table->physical_rows(), options);
  Fingerprint fingerprint = EmptyFingerprint(order.size());
  ARROW_RETURN_NOT_OK(
      AddToFingerprint(*rows, order, plan.pipeline->output_time_dependence, &fingerprint));
  return fingerprint;
}

// Columns whose dependence on the time is at least `least` are compared by their NULLs.
ValidationReport Compare(const Plan& plan, const Fingerprint& expected, const Fingerprint& stored,
                         TimeDependence least) {
  ValidationReport report{.expected_rows = expected.rows.count,
                          .stored_rows = stored.rows.count,
                          .rows_equal = least == TimeDependence::kAlways
                                            ? expected.rows == stored.rows
                                            : expected.timeless_rows == stored.timeless_rows,
                          .target_version = plan.target.snapshot->version()};
  for (size_t i = 0; i < expected.columns.size(); ++i) {
    const bool depends_on_time = plan.pipeline->output_time_dependence[i] >= least;
    report.columns.push_back(
        {.name = plan.pipeline->output_schema->field(static_cast<int>(i))->name(),
         .depends_on_time = depends_on_time,
         .equal = (depends_on_time || expected.columns[i] == stored.columns[i]) &&
                  expected.nulls[i] == stored.nulls[i],
         .expected_nulls = expected.nulls[i],
         .stored_nulls = stored.nulls[i]});
  }
  return report;
}

}  // namespace

bool ValidationReport::equal() const {
  return rows_equal && expected_rows == stored_rows &&
         std::ranges::all_of(columns, &ColumnComparison::equal);
}

Result<ValidationReport> Validate(const Plan& plan, Progress* progress, const StopSignal& stop) {
  const SteadyTime start = std::chrono::steady_clock::now();
  ARROW_RETURN_NOT_OK(CheckRowsAreFixed(plan));
  ARROW_RETURN_NOT_OK(CheckFinished(plan));
  ARROW_RETURN_NOT_OK(CheckBound(plan));
  ARROW_ASSIGN_OR_RAISE(const Scope scope, FindScope(plan));
  ARROW_ASSIGN_OR_RAISE(const auto memory, RunMemory::Make(plan));
  memory::PeakSampler sampler;
  ARROW_RETURN_NOT_OK(sampler.Start());
  ARROW_ASSIGN_OR_RAISE(const Fingerprint stored, StoredFingerprint(plan, scope, *memory));
  std::atomic<bool> found_time_of_today = false;
  ARROW_ASSIGN_OR_RAISE(const Fingerprint expected, ExpectedFingerprint({.plan = plan,
                                                                         .memory = *memory,
                                                                         .progress = progress,
                                                                         .stop = stop,
                                                                         .sizes = plan.sizes},
                                                                        &found_time_of_today));
  sampler.Stop();
  progress->phase = Phase::kDone;
  if (found_time_of_today.load() &&
      plan.pipeline->rows_time_dependence == TimeDependence::kByText) {
    return RowsDependOnTime(plan,
                            "`where` or a lookup's key casts texts to TIMESTAMP, and texts of this "
                            "pipeline are a time without a date, which is one of today");
  }
  ValidationReport report =
      Compare(plan, expected, stored,
              found_time_of_today.load() ? TimeDependence::kByText : TimeDependence::kAlways);
  ARROW_RETURN_NOT_OK(CheckVerdict(plan, scope, report.equal()));
  report.whole_table = scope.whole_table;
  report.peak_memory_bytes = sampler.peak_bytes();
  report.seconds = SecondsSince(start);
  return report;
}

}  // namespace spillway::pipeline
