#include <utility>

#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>

#include "pipeline/expression_place.h"
#include "pipeline/map_stage.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {
namespace {

bool IsTrue(const arrow::Scalar& value) {
  return value.is_valid && static_cast<const arrow::BooleanScalar&>(value).value;
}

class FilterStage : public MapStage {
 public:
  FilterStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
              const expression::BoundExpression& condition, const spec::LocatedText& text,
              const expression::EvaluationContext& context)
      : MapStage(std::move(input), std::move(schema)),
        condition_(condition),
        text_(text),
        context_(context) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    const Result<arrow::Datum> keep = condition_.Evaluate(*batch, context_);
    if (!keep.ok()) return PlaceInFile(keep.status(), text_);
    if (keep->is_scalar()) return IsTrue(*keep->scalar()) ? batch : batch->Slice(0, 0);
    arrow::compute::ExecContext execution(context_.pool);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum kept,
                          arrow::compute::Filter(
                              batch, *keep, arrow::compute::FilterOptions::Defaults(), &execution));
    return kept.record_batch();
  }

 private:
  const expression::BoundExpression& condition_;
  const spec::LocatedText& text_;
  const expression::EvaluationContext context_;
};

}  // namespace

ReaderPointer MakeFilterStage(ReaderPointer input, const expression::BoundExpression& condition,
                              const spec::LocatedText& text,
                              const expression::EvaluationContext& context) {
  std::shared_ptr<arrow::Schema> schema = input->schema();
  return std::make_unique<FilterStage>(std::move(input), std::move(schema), condition, text,
                                       context);
}

}  // namespace spillway::pipeline
