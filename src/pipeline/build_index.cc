#include "pipeline/build_index.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>

#include "pipeline/lookup_plan.h"
#include "pipeline/read_ahead.h"
#include "pipeline/silver_reader.h"

namespace spillway::pipeline {
namespace {

// Threads that make an index: each of them hashes all rows.
constexpr int kMostFillingThreads = 4;

// The rows of ranges, one range after another.
class RangesReader : public arrow::RecordBatchReader {
 public:
  RangesReader(const RunContext& context, const PinnedTable& table,
               const std::vector<RowRange>& ranges, bool threads)
      : context_(context), table_(table), ranges_(ranges), threads_(threads) {}

  std::shared_ptr<arrow::Schema> schema() const override { return table_.read_schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    for (;;) {
      if (rows_ != nullptr) {
        ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
        if (*batch != nullptr) return Status::OK();
        rows_.reset();
      }
      batch->reset();
      if (next_ == ranges_.size()) return Status::OK();
      const RowRange& range = ranges_[next_++];
      rows_ = ReadCounted(context_, table_, range.first_ordinal, range.end_ordinal, /*uses=*/{},
                          threads_);
    }
  }

 private:
  const RunContext& context_;
  const PinnedTable& table_;
  const std::vector<RowRange>& ranges_;
  const bool threads_;
  size_t next_ = 0;
  ReaderPointer rows_;
};

}  // namespace

ReaderPointer ReadLookup(const RunContext& context, size_t lookup,
                         const std::vector<RowRange>& ranges, const Moment& moment, bool threads) {
  const BoundLookup& bound = context.plan.pipeline->lookups[lookup];
  return MakeProjectionStage(
      std::make_unique<RangesReader>(context, *context.plan.lookups[lookup], ranges, threads),
      bound.build_schema, bound.projections, EvaluationContextOf(context, moment));
}

Result<std::unique_ptr<join::LookupIndex>> BuildIndex(const RunContext& context, size_t lookup,
                                                      const std::vector<RowRange>& ranges,
                                                      const Moment& moment) {
  const BoundLookup& bound = context.plan.pipeline->lookups[lookup];
  const PinnedTable& table = *context.plan.lookups[lookup];
  const int lanes = context.plan.lanes;
  int64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.end_ordinal - range.first_ordinal;
  ReaderPointer reader = ReadLookup(context, lookup, ranges, moment, /*threads=*/lanes > 1);
  if (lanes > 1) reader = ReadAhead(std::move(reader));
  return join::LookupIndex::Build(*reader, {.name = bound.name,
                                            .key_columns = KeyColumnsOf(bound),
                                            .duplicates = bound.duplicates,
                                            .coded_columns = CodedColumns(bound, table),
                                            .expected_rows = std::min(table.live_rows(), rows),
                                            .threads = std::min(lanes, kMostFillingThreads),
                                            .pool = context.memory.lookup_pool()});
}

join::ExternalJoinOptions ExternalJoinOptionsOf(const RunContext& context, size_t lookup,
                                                int64_t pieces, spill::SpillDirectory* directory) {
  const BoundLookup& bound = context.plan.pipeline->lookups[lookup];
  return {.name = bound.name,
          .lookup_schema = bound.build_schema,
          .key_columns = KeyColumnsOf(bound),
          .duplicates = bound.duplicates,
          .pieces = pieces,
          .sizes = context.plan.external_joins[lookup]->external.sizes,
          .compress = kCompressSpilled,
          .directory = directory,
          .pool = context.memory.lookup_pool()};
}

}  // namespace spillway::pipeline
