#include "pipeline/compared_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type_traits.h>

#include "join/text_codes.h"
#include "pipeline/row_hash.h"
#include "pipeline/silver_reader.h"
#include "pipeline/source_use.h"

namespace spillway::pipeline {
namespace {

using expression::TimeDependence;

// Hands on one batch at a time, so that a stage can be fed by its caller.
class HandOver : public arrow::RecordBatchReader {
 public:
  explicit HandOver(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  void Put(std::shared_ptr<arrow::RecordBatch> batch) { batch_ = std::move(batch); }
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = std::exchange(batch_, nullptr);
    return Status::OK();
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

// Fills in the identity and the sample of `rows`, of which `compared` has the identity's columns.
Status Choose(const Comparison& comparison, ComparedRows* rows) {
  const auto count = static_cast<size_t>(rows->num_rows);
  if (!comparison.identity.empty()) rows->identity.assign(count, 0);
  for (const int column : comparison.identity) {
    ARROW_ASSIGN_OR_RAISE(auto hashes, HashColumn(*rows->compared[static_cast<size_t>(column)]));
    CombineHashes(hashes, &rows->identity);
    if (comparison.identity.size() == 1) rows->identity_values = std::move(hashes);
  }
  if (comparison.identity.empty() || comparison.sampled_share >= 1) {
    rows->sampled.resize(count);
    std::iota(rows->sampled.begin(), rows->sampled.end(), int64_t{0});
    return Status::OK();
  }
  const auto end = static_cast<uint64_t>(std::ldexp(comparison.sampled_share, 64));
  for (size_t row = 0; row < count; ++row) {
    if (rows->identity[row] < end) rows->sampled.push_back(static_cast<int64_t>(row));
  }
  return Status::OK();
}

std::shared_ptr<arrow::Array> RowNumbers(const std::vector<int64_t>& rows) {
  return std::make_shared<arrow::Int64Array>(static_cast<int64_t>(rows.size()),
                                             arrow::Buffer::Wrap(rows));
}

Result<arrow::Datum> Take(const arrow::Datum& values, const std::vector<int64_t>& rows,
                          arrow::MemoryPool* pool) {
  arrow::compute::ExecContext execution(pool);
  return arrow::compute::Take(values, RowNumbers(rows),
                              arrow::compute::TakeOptions::NoBoundsCheck(), &execution);
}

// Computes the derived columns of the rows in the sample.
class SampleDeriver {
 public:
  SampleDeriver(const BoundPipeline& pipeline, const Comparison& comparison,
                std::shared_ptr<arrow::Schema> joined_schema,
                const expression::EvaluationContext& context, ExpectationCounts* expectations)
      : comparison_(comparison), pool_(context.pool) {
    auto input = std::make_unique<HandOver>(std::move(joined_schema));
    input_ = input.get();
    derive_ = MakeDeriveStage(std::move(input), pipeline, context, {.expectations = expectations});
  }

  // `joined` has all rows of `rows`.
  Status Derive(std::shared_ptr<arrow::RecordBatch> joined, ComparedRows* rows) {
    if (!rows->all_sampled()) {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken, Take(joined, rows->sampled, pool_));
      joined = taken.record_batch();
    }
    input_->Put(std::move(joined));
    std::shared_ptr<arrow::RecordBatch> derived;
    ARROW_RETURN_NOT_OK(derive_->ReadNext(&derived));
    for (size_t i = 0; i < comparison_.num_columns(); ++i) {
      if (!comparison_.is_derived[i]) continue;
      const auto column = static_cast<int>(i);
      if (derived == nullptr) {  // a stage gives no batch without rows
        ARROW_ASSIGN_OR_RAISE(rows->compared[i],
                              arrow::MakeEmptyArray(comparison_.schema->field(column)->type()));
      } else {
        rows->compared[i] = derived->column(column);
      }
      if (rows->all_sampled()) rows->all[i] = rows->compared[i];
    }
    return Status::OK();
  }

 private:
  const Comparison& comparison_;
  arrow::MemoryPool* const pool_;
  HandOver* input_;  // owned by derive_
  ReaderPointer derive_;
};

// The share of `column`'s values that are different from those before it.
Result<double> ShareOfDifferent(const arrow::Array& column) {
  ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> hashes, HashColumn(column));
  std::ranges::sort(hashes);
  const auto repeated = std::ranges::unique(hashes);
  const auto rows = static_cast<double>(hashes.size());
  return (rows - static_cast<double>(repeated.size())) / rows;
}

struct CopiedColumn {
  int output;
  int source;
};

// The output columns that are copied from the source, keys of lookups first.
std::vector<CopiedColumn> CopiedColumns(const BoundPipeline& pipeline) {
  const SourceUse use = UseOfSource(pipeline);
  std::vector<CopiedColumn> columns;
  for (size_t i = 0; i < use.unchanged.size(); ++i) {
    if (use.unchanged[i] >= 0) columns.push_back({static_cast<int>(i), use.unchanged[i]});
  }
  std::ranges::stable_partition(columns, [&pipeline](const CopiedColumn& column) {
    return std::ranges::any_of(pipeline.lookups, [&column](const BoundLookup& lookup) {
      return std::ranges::find(lookup.source_keys, column.source) != lookup.source_keys.end();
    });
  });
  return columns;
}

Result<std::vector<int>> FindIdentity(const RunContext& context, const Piece& first_piece,
                                      const Moment& moment) {
  constexpr double kTellsApart = 0.99;
  const std::vector<CopiedColumn> copied = CopiedColumns(*context.plan.pipeline);
  const ReaderPointer rows = ReadSource(context, first_piece, moment, {});
  ARROW_ASSIGN_OR_RAISE(const auto batch, rows->Next());
  std::vector<int> all;
  for (const CopiedColumn& column : copied) {
    all.push_back(column.output);
    if (batch == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(const auto values, join::PlainTexts(batch->column(column.source),
                                                              context.memory.transform_pool()));
    ARROW_ASSIGN_OR_RAISE(const double share, ShareOfDifferent(*values));
    if (share >= kTellsApart) return std::vector<int>{column.output};
  }
  return all;
}

// The same where every column is compared in all rows.
Status VisitAllOfExpected(const RunContext& context, const Lookups& lookups, const Piece& piece,
                          const Moment& moment, const Comparison& comparison,
                          PipelineCounts* counts, const RowsVisitor& visit) {
  ARROW_ASSIGN_OR_RAISE(
      const ReaderPointer silver,
      ReadSilver(context, lookups, piece, moment,
                 {.lookups = &counts->lookups, .derive = {.expectations = &counts->expectations}}));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, silver->Next());
    if (batch == nullptr) return Status::OK();
    ComparedRows rows{
        .num_rows = batch->num_rows(), .compared = batch->columns(), .all = batch->columns()};
    ARROW_RETURN_NOT_OK(Choose(comparison, &rows));
    ARROW_RETURN_NOT_OK(visit(rows));
  }
}

}  // namespace

bool Comparison::has_derived() const {
  return std::ranges::find(is_derived, true) != is_derived.end();
}

bool Comparison::may_depend_on_time() const {
  return std::ranges::find(dependence, TimeDependence::kByText) != dependence.end();
}

Result<Comparison> MakeComparison(const RunContext& context, const Piece& first_piece,
                                  const Moment& moment, int64_t sample_rows) {
  const BoundPipeline& pipeline = *context.plan.pipeline;
  Comparison comparison{.schema = pipeline.output_schema,
                        .dependence = pipeline.output_time_dependence};
  for (const int column : pipeline.output_columns) {
    comparison.is_derived.push_back(
        std::ranges::find(pipeline.derived, column, &DerivedColumn::position) !=
        pipeline.derived.end());
  }
  ARROW_ASSIGN_OR_RAISE(comparison.identity, FindIdentity(context, first_piece, moment));
  const int64_t source_rows = context.plan.source->live_rows();
  const bool may_sample = !comparison.identity.empty() && !pipeline.drops_unmet();
  if (sample_rows > 0 && sample_rows < source_rows && may_sample) {
    comparison.sampled_share = static_cast<double>(sample_rows) / static_cast<double>(source_rows);
  }
  return comparison;
}

void PipelineCounts::Add(const PipelineCounts& other) {
  for (size_t i = 0; i < lookups.size(); ++i) lookups[i].Add(other.lookups[i]);
  AddCounts(other.expectations, &expectations);
}

Status VisitExpected(const RunContext& context, const Lookups& lookups, const Piece& piece,
                     const Moment& moment, const Comparison& comparison, PipelineCounts* counts,
                     const RowsVisitor& visit) {
  if (comparison.sampled_share >= 1) {
    return VisitAllOfExpected(context, lookups, piece, moment, comparison, counts, visit);
  }
  const BoundPipeline& pipeline = *context.plan.pipeline;
  arrow::MemoryPool* pool = context.memory.transform_pool();
  ARROW_ASSIGN_OR_RAISE(const ReaderPointer joined,
                        JoinLookups(context, lookups, piece, moment,
                                    ReadSource(context, piece, moment, {}), {}, &counts->lookups));
  SampleDeriver deriver(pipeline, comparison, joined->schema(),
                        EvaluationContextOf(context, moment), &counts->expectations);
  const bool is_derived = comparison.has_derived() || !pipeline.expectations.empty();
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, joined->Next());
    if (batch == nullptr) return Status::OK();
    ComparedRows rows{.num_rows = batch->num_rows()};
    rows.compared.resize(comparison.num_columns());
    for (size_t i = 0; i < comparison.num_columns(); ++i) {
      if (comparison.is_derived[i]) continue;
      ARROW_ASSIGN_OR_RAISE(rows.compared[i],
                            join::PlainTexts(batch->column(pipeline.output_columns[i]), pool));
    }
    rows.all = rows.compared;
    ARROW_RETURN_NOT_OK(Choose(comparison, &rows));
    if (is_derived) ARROW_RETURN_NOT_OK(deriver.Derive(batch, &rows));
    ARROW_RETURN_NOT_OK(visit(rows));
  }
}

Status VisitStored(const RunContext& context, const PinnedTable& target, int64_t first, int64_t end,
                   const std::vector<int>& places, const Comparison& comparison,
                   const RowsVisitor& visit) {
  const ReaderPointer reader = ReadCounted(context, target, first, end);
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
    if (batch == nullptr) return Status::OK();
    ComparedRows rows{.num_rows = batch->num_rows()};
    for (const int place : places) rows.all.push_back(batch->column(place));
    rows.compared = rows.all;
    ARROW_RETURN_NOT_OK(Choose(comparison, &rows));
    for (size_t i = 0; i < comparison.num_columns(); ++i) {
      if (!comparison.is_derived[i] || rows.all_sampled()) continue;
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                            Take(rows.all[i], rows.sampled, context.memory.transform_pool()));
      rows.compared[i] = taken.make_array();
    }
    ARROW_RETURN_NOT_OK(visit(rows));
  }
}

// The columns are folded in two groups, so that the second can be folded in two ways.
Result<RowHashes> HashRows(const Comparison& comparison, const ComparedRows& rows,
                           const HashesVisitor& visit) {
  RowHashes result{.rows = std::vector<uint64_t>(static_cast<size_t>(rows.num_rows), 0)};
  const auto fold = [&](size_t column, const std::vector<uint64_t>& hashes,
                        std::vector<uint64_t>* into) {
    if (comparison.is_derived[column] && !rows.all_sampled()) {
      CombineHashes(hashes, rows.sampled, into);
    } else {
      CombineHashes(hashes, into);
    }
  };
  for (size_t i = 0; i < comparison.num_columns(); ++i) {
    if (comparison.dependence[i] == TimeDependence::kByText) continue;
    // The identity's columns are copied from the source, and depend on no time.
    const bool is_hashed =
        !rows.identity_values.empty() && static_cast<int>(i) == comparison.identity.front();
    const std::vector<uint64_t>* hashes = &rows.identity_values;
    std::vector<uint64_t> own;
    if (!is_hashed) {
      const bool by_nulls = comparison.dependence[i] == TimeDependence::kAlways;
      ARROW_ASSIGN_OR_RAISE(
          own, by_nulls ? HashNulls(*rows.compared[i]) : HashColumn(*rows.compared[i]));
      hashes = &own;
    }
    visit(i, *hashes);
    fold(i, *hashes, &result.rows);
  }
  if (!comparison.may_depend_on_time()) return result;
  result.timeless_rows = result.rows;
  for (size_t i = 0; i < comparison.num_columns(); ++i) {
    if (comparison.dependence[i] != TimeDependence::kByText) continue;
    ARROW_ASSIGN_OR_RAISE(const auto hashes, HashColumn(*rows.compared[i]));
    visit(i, hashes);
    fold(i, hashes, &result.rows);
    fold(i, HashNulls(*rows.compared[i]), &result.timeless_rows);
  }
  return result;
}

}  // namespace spillway::pipeline
