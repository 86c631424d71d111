#include "pipeline/silver_reader.h"

#include <utility>

#include "pipeline/map_stage.h"
#include "pipeline/stages.h"
#include "pipeline/table_scan.h"

namespace spillway::pipeline {
namespace {

// Counts the rows that pass, and ends the stream when the run is to stop at once.
class CountingStage : public MapStage {
 public:
  CountingStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema, const RunMemory& memory,
                Progress* progress, const StopSignal& stop)
      : MapStage(std::move(input), std::move(schema)),
        memory_(memory),
        progress_(progress),
        stop_(stop) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    if (stop_.load(std::memory_order_relaxed) >= kStopNow) {
      return Status::Cancelled("stopped by a signal");
    }
    progress_->rows_done.fetch_add(batch->num_rows(), std::memory_order_relaxed);
    progress_->memory_in_use_bytes.store(memory_.in_use_bytes(), std::memory_order_relaxed);
    return batch;
  }

 private:
  const RunMemory& memory_;
  Progress* const progress_;
  const StopSignal& stop_;
};

ReaderPointer CountedScan(const PinnedTable& table, int64_t first, int64_t end, const Plan& plan,
                          RunMemory& memory, Progress* progress, const StopSignal& stop,
                          std::vector<ColumnUse> uses = {}) {
  return std::make_unique<CountingStage>(
      ScanTable(table, first, end, ReadOptionsFor(plan.sizes, memory.read_pool()), std::move(uses)),
      table.read_schema(), memory, progress, stop);
}

expression::EvaluationContext ContextOf(RunMemory& memory, const Moment& moment) {
  return {.pool = memory.transform_pool(),
          .now_micros = moment.now_micros,
          .found_time_of_today = moment.found_time_of_today};
}

}  // namespace

Result<LookupIndexes> BuildLookupIndexes(const Plan& plan, RunMemory& memory, const Moment& moment,
                                         Progress* progress, const StopSignal& stop) {
  progress->rows_done = 0;
  progress->total_rows = 0;
  for (const auto& table : plan.lookups) progress->total_rows += table->live_rows();
  progress->phase = Phase::kLookups;

  LookupIndexes indexes;
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    const BoundLookup& lookup = plan.pipeline->lookups[i];
    const PinnedTable& table = *plan.lookups[i];
    const ReaderPointer rows = MakeProjectionStage(
        CountedScan(table, 0, table.physical_rows(), plan, memory, progress, stop),
        lookup.build_schema, lookup.projections, ContextOf(memory, moment));
    join::BuildOptions options{.name = lookup.name,
                               .duplicates = lookup.duplicates,
                               .expected_rows = table.live_rows(),
                               .pool = memory.index_pool()};
    for (int key = 0; key < lookup.num_keys(); ++key) options.key_columns.push_back(key);
    ARROW_ASSIGN_OR_RAISE(auto index, join::LookupIndex::Build(*rows, options));
    indexes.push_back(std::move(index));
  }
  ARROW_RETURN_NOT_OK(memory.GrantForStreaming(plan));
  return indexes;
}

std::unique_ptr<arrow::RecordBatchReader> ReadSilver(const Plan& plan, const LookupIndexes& indexes,
                                                     const Chunk& chunk, RunMemory& memory,
                                                     const Moment& moment, Progress* progress,
                                                     const StopSignal& stop,
                                                     const SilverOptions& options) {
  const expression::EvaluationContext context = ContextOf(memory, moment);
  ReaderPointer rows = CountedScan(*plan.source, chunk.first_ordinal, chunk.end_ordinal, plan,
                                   memory, progress, stop, options.uses);
  if (plan.pipeline->where) {
    rows = MakeFilterStage(std::move(rows), *plan.pipeline->where, *plan.spec.where, context);
  }
  for (size_t i = 0; i < indexes.size(); ++i) {
    rows = MakeLookupStage(std::move(rows), plan.pipeline->lookups[i], *indexes[i],
                           plan.sizes.batch_bytes, options.rows_changed, memory.transform_pool());
  }
  return MakeDeriveStage(std::move(rows), *plan.pipeline, context, options.for_writing);
}

}  // namespace spillway::pipeline
