#include "pipeline/build_index.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>

#include "join/index_builder.h"
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
               const std::vector<RowRange>& ranges, bool threads, std::vector<ColumnUse> uses = {})
      : context_(context),
        table_(table),
        ranges_(ranges),
        threads_(threads),
        uses_(std::move(uses)) {}

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
      rows_ =
          ReadCounted(context_, table_, range.first_ordinal, range.end_ordinal, uses_, threads_);
    }
  }

 private:
  const RunContext& context_;
  const PinnedTable& table_;
  const std::vector<RowRange>& ranges_;
  const bool threads_;
  const std::vector<ColumnUse> uses_;
  size_t next_ = 0;
  ReaderPointer rows_;
};

// The columns of the lookup that are its key, in key order.
std::vector<int> KeyColumnsRead(const BoundLookup& lookup) {
  std::vector<int> columns;
  for (int i = 0; i < lookup.num_keys(); ++i) {
    columns.push_back(lookup.projections[static_cast<size_t>(i)].column);
  }
  return columns;
}

// Which row of the table it is that comes as number `row` from its row groups in `ranges`; deleted
// rows are not counted.
int64_t RowNumber(const PinnedTable& table, const std::vector<RowRange>& ranges, int64_t row) {
  int64_t number = row;
  int64_t come = 0;  // from the row groups up to here
  for (const PinnedFile& file : table.files()) {
    for (const PinnedRowGroup& group : file.row_groups) {
      const int64_t first = file.first_ordinal + group.first_row;
      const int64_t rows = group.num_rows - group.deleted_rows;
      const auto range = std::ranges::upper_bound(ranges, first, {}, &RowRange::end_ordinal);
      const bool comes = range != ranges.end() && range->first_ordinal <= first;
      (comes ? come : number) += rows;
      if (come > row) return number;
    }
  }
  return number;
}

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
                                            .order_column = bound.order_column(),
                                            .coded_columns = CodedColumns(bound, table),
                                            .expected_rows = std::min(table.live_rows(), rows),
                                            .threads = std::min(lanes, kMostFillingThreads),
                                            .pool = context.memory.lookup_pool()});
}

Status CheckDuplicates(const RunContext& context, size_t lookup,
                       const std::vector<RowRange>& ranges) {
  const BoundLookup& bound = context.plan.pipeline->lookups[lookup];
  const PinnedTable& table = *context.plan.lookups[lookup];
  const std::vector<int> columns = KeyColumnsRead(bound);
  std::vector<ColumnUse> uses(table.columns().size(), ColumnUse::kNone);
  for (const int column : columns) uses[static_cast<size_t>(column)] = ColumnUse::kValues;
  const bool threads = context.plan.lanes > 1;
  ReaderPointer rows = std::make_unique<RangesReader>(context, table, ranges, threads, uses);
  if (threads) rows = ReadAhead(std::move(rows));

  const arrow::FieldVector& fields = bound.build_schema->fields();
  const auto schema = arrow::schema({fields.begin(), fields.begin() + bound.num_keys()});
  const join::BuildOptions options{.name = bound.name,
                                   .key_columns = KeyColumnsOf(bound),
                                   .duplicates = join::DuplicatePolicy::kError,
                                   .threads = std::min(context.plan.lanes, kMostFillingThreads),
                                   .pool = context.memory.lookup_pool()};
  ARROW_ASSIGN_OR_RAISE(join::IndexBuilder builder, join::IndexBuilder::Make(*schema, options));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, rows->Next());
    if (batch == nullptr) break;
    arrow::ArrayVector keys;
    for (const int column : columns) keys.push_back(batch->column(column));
    ARROW_RETURN_NOT_OK(
        builder.Append(*arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(keys))));
  }
  return builder.Finish([&](int64_t row) { return RowNumber(table, ranges, row); });
}

join::ExternalJoinOptions ExternalJoinOptionsOf(const RunContext& context, size_t lookup,
                                                int64_t pieces, spill::SpillDirectory* directory) {
  const BoundLookup& bound = context.plan.pipeline->lookups[lookup];
  return {.name = bound.name,
          .lookup_schema = bound.build_schema,
          .key_columns = KeyColumnsOf(bound),
          .duplicates = bound.duplicates,
          .order_column = bound.order_column(),
          .pieces = pieces,
          .sizes = context.plan.external_joins[lookup]->external.sizes,
          .compress = kCompressSpilled,
          .directory = directory,
          .pool = context.memory.lookup_pool()};
}

}  // namespace spillway::pipeline
