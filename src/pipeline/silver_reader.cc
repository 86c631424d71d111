#include "pipeline/silver_reader.h"

#include <utility>

#include "pipeline/map_stage.h"
#include "pipeline/table_scan.h"

namespace spillway::pipeline {
namespace {

// Counts the rows that pass, and ends the stream when the run is to stop at once.
class CountingStage : public MapStage {
 public:
  CountingStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                const RunContext& context)
      : MapStage(std::move(input), std::move(schema)), context_(context) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    ARROW_RETURN_NOT_OK(CheckStop(context_, kStopNow));
    Progress& progress = *context_.progress;
    progress.rows_done.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    progress.memory_in_use_bytes.store(context_.memory.in_use_bytes(), std::memory_order_relaxed);
    return batch;
  }

 private:
  const RunContext context_;
};

}  // namespace

ReaderPointer ReadCounted(const RunContext& context, const PinnedTable& table, int64_t first,
                          int64_t end, std::vector<ColumnUse> uses, bool threads) {
  parquet::ReadOptions options = ReadOptionsFor(context.sizes, context.memory.read_pool());
  options.threads = threads;
  return std::make_unique<CountingStage>(ScanTable(table, first, end, options, std::move(uses)),
                                         table.read_schema(), context);
}

expression::EvaluationContext EvaluationContextOf(const RunContext& context, const Moment& moment) {
  return {.pool = context.memory.transform_pool(),
          .now_micros = moment.now_micros,
          .found_time_of_today = moment.found_time_of_today};
}

ReaderPointer ReadSource(const RunContext& context, const Piece& piece, const Moment& moment,
                         std::vector<ColumnUse> uses) {
  const Plan& plan = context.plan;
  ReaderPointer rows =
      ReadCounted(context, *plan.source, piece.first_ordinal, piece.end_ordinal, std::move(uses));
  // Where rows splice, none is dropped.
  if (!plan.pipeline->where || piece.spliced) return rows;
  return MakeFilterStage(std::move(rows), *plan.pipeline->where, *plan.spec.where,
                         EvaluationContextOf(context, moment));
}

Result<ReaderPointer> JoinLookups(const RunContext& context, const Lookups& lookups,
                                  const Piece& piece, const Moment& moment, ReaderPointer rows,
                                  LookupStageOptions options, std::vector<LookupCounts>* counts) {
  const Plan& plan = context.plan;
  options.batch_bytes = context.sizes.batch_bytes;
  options.evaluation = EvaluationContextOf(context, moment);
  for (size_t i = 0; i < lookups.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto matcher, lookups.MakeMatcher(i, piece, options.evaluation.pool));
    if (counts != nullptr) options.counts = &(*counts)[i];
    rows = MakeLookupStage(std::move(rows), plan.pipeline->lookups[i], std::move(matcher), options);
  }
  return rows;
}

Result<ReaderPointer> ReadNumbered(const RunContext& context, const Lookups& lookups,
                                   const Piece& piece, const Moment& moment) {
  // Rows that `where` drops make numbers smaller, but never larger than those of the next piece.
  ReaderPointer rows = MakeNumberStage(ReadSource(context, piece, moment, {}), piece.first_ordinal,
                                       context.memory.transform_pool());
  return JoinLookups(context, lookups, piece, moment, std::move(rows), {.numbered = true});
}

Result<ReaderPointer> ReadSilver(const RunContext& context, const Lookups& lookups,
                                 const Piece& piece, const Moment& moment,
                                 const SilverOptions& options) {
  ARROW_ASSIGN_OR_RAISE(
      ReaderPointer rows,
      JoinLookups(context, lookups, piece, moment, ReadSource(context, piece, moment, options.uses),
                  {.rows_changed = options.rows_changed, .for_writing = options.derive.for_writing},
                  options.lookups));
  return MakeDeriveStage(std::move(rows), *context.plan.pipeline,
                         EvaluationContextOf(context, moment), options.derive);
}

}  // namespace spillway::pipeline
