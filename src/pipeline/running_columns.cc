#include "pipeline/running_columns.h"

#include <algorithm>

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>

#include "join/text_codes.h"
#include "parquet/writer.h"

namespace spillway::pipeline {

RunningColumns::RunningColumns(const arrow::RecordBatch& batch,
                               const expression::EvaluationContext& context)
    : fields_(batch.schema()->fields()),
      arrays_(batch.columns()),
      constants_(arrays_.size()),
      plain_(arrays_.size()),
      rows_(batch.num_rows()),
      context_(context) {}

void RunningColumns::Put(int position, const std::shared_ptr<arrow::Field>& field,
                         const arrow::Datum& value) {
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

bool RunningColumns::IsConstant(const expression::BoundExpression& expression) const {
  return std::ranges::all_of(expression.columns(), [this](const int column) {
    return constants_[static_cast<size_t>(column)] != nullptr;
  });
}

Result<expression::ReadRows> RunningColumns::ReadFor(
    const expression::BoundExpression& expression) {
  const bool is_constant = IsConstant(expression);
  expression::ReadRows read{.columns = {}, .count = is_constant ? 1 : rows_};
  for (const int column : expression.columns()) {
    const auto& constant = constants_[static_cast<size_t>(column)];
    ARROW_ASSIGN_OR_RAISE(
        const auto values,
        is_constant ? arrow::MakeArrayFromScalar(*constant, 1, context_.pool) : Rows(column));
    read.columns.push_back(values->data());
  }
  return read;
}

Result<std::shared_ptr<arrow::Array>> RunningColumns::Rows(int column) {
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

Result<std::shared_ptr<arrow::Array>> RunningColumns::RowsForWriting(int column) {
  const auto& constant = constants_[static_cast<size_t>(column)];
  if (constant == nullptr) return arrays_[static_cast<size_t>(column)];
  if (!constant->is_valid || !parquet::MayBeDictionary(*constant->type)) return Rows(column);
  ARROW_ASSIGN_OR_RAISE(auto dictionary, arrow::MakeArrayFromScalar(*constant, 1, context_.pool));
  ARROW_ASSIGN_OR_RAISE(auto indices,
                        arrow::MakeArrayFromScalar(arrow::UInt16Scalar(0), rows_, context_.pool));
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::uint16(), constant->type), indices, dictionary);
}

}  // namespace spillway::pipeline
