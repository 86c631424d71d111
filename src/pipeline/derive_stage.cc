#include <algorithm>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>

#include "join/text_codes.h"
#include "parquet/writer.h"
#include "pipeline/expression_place.h"
#include "pipeline/map_stage.h"
#include "pipeline/nested_nullability.h"
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

// The columns of a batch as the derived ones come to it. A column with one value for all rows is
// made into an array only where somebody wants to see its rows.
class RunningColumns {
 public:
  RunningColumns(const arrow::RecordBatch& batch, const expression::EvaluationContext& context)
      : fields_(batch.schema()->fields()),
        arrays_(batch.columns()),
        constants_(arrays_.size()),
        plain_(arrays_.size()),
        rows_(batch.num_rows()),
        context_(context) {}

  // Puts `value` at `position`, in place of what is there, or at the end.
  void Put(int position, const std::shared_ptr<arrow::Field>& field, const arrow::Datum& value) {
    const auto at = static_cast<size_t>(position);
    if (at == arrays_.size()) {
      fields_.emplace_back();
      arrays_.emplace_back();
      constants_.emplace_back();
      plain_.emplace_back();
    }
    fields_[at] = field;
    arrays_[at] = value.is_array() ? value.make_array() : nullptr;
    plain_[at] = nullptr;
    constants_[at] = value.is_array() ? nullptr : value.scalar();
  }

  bool IsConstant(const expression::BoundExpression& expression) const {
    return std::ranges::all_of(expression.columns(), [this](const int column) {
      return constants_[static_cast<size_t>(column)] != nullptr;
    });
  }

  // A batch in which `expression` can be evaluated: of one row where it is constant.
  Result<std::shared_ptr<arrow::RecordBatch>> BatchFor(
      const expression::BoundExpression& expression) {
    const bool is_constant = IsConstant(expression);
    const int64_t rows = is_constant ? 1 : rows_;
    arrow::ArrayVector columns(arrays_.size(), std::make_shared<arrow::NullArray>(rows));
    for (const int column : expression.columns()) {
      const auto at = static_cast<size_t>(column);
      if (is_constant) {
        ARROW_ASSIGN_OR_RAISE(columns[at],
                              arrow::MakeArrayFromScalar(*constants_[at], 1, context_.pool));
      } else {
        ARROW_ASSIGN_OR_RAISE(columns[at], Rows(column));
      }
    }
    return arrow::RecordBatch::Make(arrow::schema(fields_), rows, std::move(columns));
  }

  Result<std::shared_ptr<arrow::Array>> Rows(int column) {
    const auto at = static_cast<size_t>(column);
    if (arrays_[at] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(arrays_[at],
                            arrow::MakeArrayFromScalar(*constants_[at], rows_, context_.pool));
    }
    if (plain_[at] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(plain_[at], join::PlainTexts(arrays_[at], context_.pool));
    }
    return plain_[at];
  }

  // The column as a writer takes it: a dictionary as it is, and a value that is the same in all
  // rows as a dictionary of one.
  Result<std::shared_ptr<arrow::Array>> RowsForWriting(int column) {
    const auto& constant = constants_[static_cast<size_t>(column)];
    if (constant == nullptr) return arrays_[static_cast<size_t>(column)];
    if (!constant->is_valid || !parquet::MayBeDictionary(*constant->type)) return Rows(column);
    ARROW_ASSIGN_OR_RAISE(auto dictionary, arrow::MakeArrayFromScalar(*constant, 1, context_.pool));
    ARROW_ASSIGN_OR_RAISE(auto indices,
                          arrow::MakeArrayFromScalar(arrow::UInt16Scalar(0), rows_, context_.pool));
    return std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::uint16(), constant->type), indices, dictionary);
  }

 private:
  arrow::FieldVector fields_;
  arrow::ArrayVector arrays_;      // null: not made yet of the constant
  arrow::ScalarVector constants_;  // null: the column varies
  arrow::ArrayVector plain_;       // arrays_ without dictionaries, where they were asked for
  const int64_t rows_;
  const expression::EvaluationContext& context_;
};

class DeriveStage : public MapStage {
 public:
  DeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
              const expression::EvaluationContext& context, bool for_writing)
      : MapStage(std::move(input), pipeline.output_schema),
        pipeline_(pipeline),
        context_(context),
        is_dictionary_(DictionariesOf(pipeline, for_writing)),
        for_writing_(for_writing) {}

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) override {
    RunningColumns running(*batch, context_);
    for (size_t i = 0; i < pipeline_.derived.size(); ++i) {
      const DerivedColumn& derived = pipeline_.derived[i];
      const bool is_constant = running.IsConstant(derived.expression);
      ARROW_ASSIGN_OR_RAISE(const auto rows, running.BatchFor(derived.expression));
      const auto evaluate = [&]() -> Result<arrow::Datum> {
        if (is_constant || !is_dictionary_[i]) return derived.expression.Evaluate(*rows, context_);
        return derived.expression.EvaluateDictionary(*rows, context_);
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
    arrow::ArrayVector columns;
    columns.reserve(pipeline_.output_columns.size());
    for (const int index : pipeline_.output_columns) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            for_writing_ ? running.RowsForWriting(index) : running.Rows(index));
      const auto& type = schema()->field(static_cast<int>(columns.size()))->type();
      if (column->type()->id() == type->id()) column = Relabel(column, type);
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema(), batch->num_rows(), std::move(columns));
  }

 private:
  // By derived column: whether it may be a dictionary, since nothing but the writer reads it.
  static std::vector<bool> DictionariesOf(const BoundPipeline& pipeline, bool for_writing) {
    std::vector<bool> may_be;
    for (size_t i = 0; i < pipeline.derived.size(); ++i) {
      const DerivedColumn& column = pipeline.derived[i];
      const bool is_read = std::any_of(
          pipeline.derived.begin() + static_cast<std::ptrdiff_t>(i) + 1, pipeline.derived.end(),
          [&column](const DerivedColumn& later) {
            return std::ranges::binary_search(later.expression.columns(), column.position);
          });
      may_be.push_back(for_writing && !is_read && column.expression.gives_dictionary());
    }
    return may_be;
  }

  const BoundPipeline& pipeline_;
  const expression::EvaluationContext context_;
  const std::vector<bool> is_dictionary_;
  const bool for_writing_;
};

}  // namespace

ReaderPointer MakeProjectionStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                                  const std::vector<Projection>& projections,
                                  const expression::EvaluationContext& context) {
  return std::make_unique<ProjectionStage>(std::move(input), std::move(schema), projections,
                                           context);
}

ReaderPointer MakeDeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
                              const expression::EvaluationContext& context, bool for_writing) {
  return std::make_unique<DeriveStage>(std::move(input), pipeline, context, for_writing);
}

}  // namespace spillway::pipeline
