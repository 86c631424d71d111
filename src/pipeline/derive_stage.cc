#include <utility>

#include <arrow/array/util.h>

#include "pipeline/expression_place.h"
#include "pipeline/map_stage.h"
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
      if (!projection.expression) {
        columns.push_back(batch->column(projection.column));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(
          auto column, EvaluateColumn(*projection.expression, projection.text, *batch, context_));
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
              const expression::EvaluationContext& context)
      : MapStage(std::move(input), pipeline.output_schema),
        pipeline_(pipeline),
        context_(context) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    for (const DerivedColumn& derived : pipeline_.derived) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            EvaluateColumn(derived.expression, derived.text, *batch, context_));
      if (derived.position < batch->num_columns()) {
        ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(derived.position, derived.field, column));
      } else {
        ARROW_ASSIGN_OR_RAISE(batch, batch->AddColumn(derived.position, derived.field, column));
      }
    }
    arrow::ArrayVector columns;
    columns.reserve(pipeline_.output_columns.size());
    for (const int index : pipeline_.output_columns) columns.push_back(batch->column(index));
    return arrow::RecordBatch::Make(schema(), batch->num_rows(), std::move(columns));
  }

 private:
  const BoundPipeline& pipeline_;
  const expression::EvaluationContext context_;
};

}  // namespace

ReaderPointer MakeProjectionStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                                  const std::vector<Projection>& projections,
                                  const expression::EvaluationContext& context) {
  return std::make_unique<ProjectionStage>(std::move(input), std::move(schema), projections,
                                           context);
}

ReaderPointer MakeDeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
                              const expression::EvaluationContext& context) {
  return std::make_unique<DeriveStage>(std::move(input), pipeline, context);
}

}  // namespace spillway::pipeline
