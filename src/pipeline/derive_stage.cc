#include <unordered_set>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>

#include "pipeline/expectation_judge.h"
#include "pipeline/expression_place.h"
#include "pipeline/map_stage.h"
#include "pipeline/nested_nullability.h"
#include "pipeline/running_columns.h"
#include "pipeline/sort_keys.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {
namespace {

// The value of `expression`, whose text is `text`, on `batch` as an array.
Result<std::shared_ptr<arrow::Array>> EvaluateColumn(const expression::BoundExpression& expression,
                                                     const spec::LocatedText& text,
                                                     const arrow::RecordBatch& batch,
                                                     const expression::EvaluationContext& context) {
  const Result<arrow::Datum> value = expression.Evaluate(batch, context);
  if (!value.ok()) return PlaceInFile(value.status(), text);
  if (value->is_array()) return value->make_array();
  return arrow::MakeArrayFromScalar(*value->scalar(), batch.num_rows(), context.pool);
}

class ProjectionStage : public MapStage {
 public:
  ProjectionStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                  const std::vector<Projection>& projections,
                  const expression::EvaluationContext& context)
      : MapStage(std::move(input), std::move(schema)),
        projections_(projections),
        context_(context) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    arrow::ArrayVector columns;
    columns.reserve(projections_.size());
    for (const Projection& projection : projections_) {
      std::shared_ptr<arrow::Array> column;
      if (projection.expression) {
        ARROW_ASSIGN_OR_RAISE(
            column, EvaluateColumn(*projection.expression, projection.text, *batch, context_));
      } else {
        column = batch->column(projection.column);
      }
      if (projection.as_sort_key) {
        ARROW_ASSIGN_OR_RAISE(column, SortKeysOf(*column, context_.pool));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema(), batch->num_rows(), std::move(columns));
  }

 private:
  const std::vector<Projection>& projections_;
  const expression::EvaluationContext context_;
};

class DeriveStage : public MapStage {
 public:
  DeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
              const expression::EvaluationContext& context, const DeriveOptions& options)
      : MapStage(std::move(input), pipeline.output_schema),
        pipeline_(pipeline),
        context_(context),
        is_dictionary_(DictionariesOf(pipeline, options.for_writing)),
        for_writing_(options.for_writing),
        judge_(pipeline.expectations, context_, options.may_fail, options.expectations) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    RunningColumns running(*batch, context_);
    for (size_t i = 0; i < pipeline_.derived.size(); ++i) {
      const DerivedColumn& derived = pipeline_.derived[i];
      const bool is_constant = running.IsConstant(derived.expression);
      ARROW_ASSIGN_OR_RAISE(const auto read, running.ReadFor(derived.expression));
      const auto evaluate = [&]() -> Result<arrow::Datum> {
        if (is_constant || !is_dictionary_[i]) return derived.expression.Evaluate(read, context_);
        return derived.expression.EvaluateDictionary(read, context_);
      };
      Result<arrow::Datum> value = evaluate();
      if (!value.ok()) return PlaceInFile(value.status(), derived.text);
      if (is_constant && value->is_array()) {
        ARROW_ASSIGN_OR_RAISE(value, value->make_array()->GetScalar(0));
      } else if (!is_constant && value->is_scalar()) {  // it is so in this batch, by chance
        ARROW_ASSIGN_OR_RAISE(
            value, arrow::MakeArrayFromScalar(*value->scalar(), batch->num_rows(), context_.pool));
      }
      running.Put(derived.position, derived.field, *value);
    }
    ARROW_ASSIGN_OR_RAISE(const auto kept, judge_.Judge(running));
    arrow::ArrayVector columns;
    columns.reserve(pipeline_.output_columns.size());
    for (const int index : pipeline_.output_columns) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            for_writing_ ? running.RowsForWriting(index) : running.Rows(index));
      const auto& type = schema()->field(static_cast<int>(columns.size()))->type();
      if (column->type()->id() == type->id()) column = Relabel(column, type);
      columns.push_back(std::move(column));
    }
    if (kept != nullptr) return Keep(*kept, std::move(columns));
    return arrow::RecordBatch::Make(schema(), batch->num_rows(), std::move(columns));
  }

 private:
  // A batch of the rows for which `kept` is true.
  Result<std::shared_ptr<arrow::RecordBatch>> Keep(const arrow::BooleanArray& kept,
                                                   arrow::ArrayVector columns) {
    arrow::compute::ExecContext execution(context_.pool);
    const arrow::Datum mask(kept.data());
    for (std::shared_ptr<arrow::Array>& column : columns) {
      ARROW_ASSIGN_OR_RAISE(
          const arrow::Datum rows,
          arrow::compute::Filter(column, mask, arrow::compute::FilterOptions::Defaults(),
                                 &execution));
      column = rows.make_array();
    }
    return arrow::RecordBatch::Make(schema(), kept.true_count(), std::move(columns));
  }

  // By derived column: whether it may be a dictionary, since nothing but the writer reads it.
  static std::vector<bool> DictionariesOf(const BoundPipeline& pipeline, bool for_writing) {
    std::unordered_set<int> read;  // by expectations, and by the columns behind
    for (const BoundExpectation& expectation : pipeline.expectations) {
      read.insert(expectation.condition.columns().begin(), expectation.condition.columns().end());
    }
    std::vector<bool> may_be(pipeline.derived.size());
    for (size_t i = pipeline.derived.size(); i-- > 0;) {
      const DerivedColumn& column = pipeline.derived[i];
      may_be[i] =
          for_writing && !read.contains(column.position) && column.expression.gives_dictionary();
      read.insert(column.expression.columns().begin(), column.expression.columns().end());
    }
    return may_be;
  }

  const BoundPipeline& pipeline_;
  const expression::EvaluationContext context_;
  const std::vector<bool> is_dictionary_;
  const bool for_writing_;
  ExpectationJudge judge_;
};

}  // namespace

ReaderPointer MakeProjectionStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                                  const std::vector<Projection>& projections,
                                  const expression::EvaluationContext& context) {
  return std::make_unique<ProjectionStage>(std::move(input), std::move(schema), projections,
                                           context);
}

ReaderPointer MakeDeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
                              const expression::EvaluationContext& context,
                              const DeriveOptions& options) {
  return std::make_unique<DeriveStage>(std::move(input), pipeline, context, options);
}

}  // namespace spillway::pipeline
