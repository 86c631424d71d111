#include "expression/expression.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/compute/initialize.h>
#include <arrow/scalar.h>
#include <fmt/format.h>

#include "expression/binder.h"
#include "expression/bound_node.h"
#include "expression/constant_choice.h"
#include "expression/leaf_nodes.h"
#include "expression/parser.h"
#include "expression/source_text.h"

namespace spillway::expression {
namespace {

bool Contains(const std::vector<int>& sorted, int number) {
  return std::binary_search(sorted.begin(), sorted.end(), number);
}

// Slots of LET nodes are numbered behind the schema's columns.
std::vector<int> BelowSchema(std::vector<int> numbers, int num_fields) {
  numbers.erase(std::lower_bound(numbers.begin(), numbers.end(), num_fields), numbers.end());
  return numbers;
}

Result<arrow::Datum> ToDatum(const Value& value) {
  const std::shared_ptr<arrow::Array> array = arrow::MakeArray(value.data);
  if (!value.single) return arrow::Datum(array);
  ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
  return arrow::Datum(std::move(scalar));
}

}  // namespace

BoundExpression::BoundExpression(std::string text, std::unique_ptr<BoundNode> root)
    : text_(std::move(text)),
      type_(ToArrow(root->type)),
      nullable_(root->nullable),
      root_(std::move(root)) {}

BoundExpression::BoundExpression(BoundExpression&&) noexcept = default;
BoundExpression& BoundExpression::operator=(BoundExpression&&) noexcept = default;
BoundExpression::~BoundExpression() = default;

Result<Rows> BoundExpression::RowsOf(const arrow::RecordBatch& batch,
                                     const EvaluationContext& context) const {
  Rows rows{.columns = std::vector<Value>(static_cast<size_t>(batch.num_columns())),
            .count = std::max<int64_t>(batch.num_rows(), 1),
            .context = &context,
            .text = text_};
  for (const int index : columns_) {
    Value& column = rows.columns[static_cast<size_t>(index)];
    column.data = batch.column_data(index);
    if (Contains(null_test_only_columns_, index)) continue;
    Result<std::shared_ptr<arrow::ArrayData>> plain = ToPlain(column.data, context.pool);
    if (!plain.ok()) return WithPlace(plain.status(), text_, {});
    column.data = *std::move(plain);
  }
  return rows;
}

Result<arrow::Datum> BoundExpression::Evaluate(const arrow::RecordBatch& batch,
                                               const EvaluationContext& context) const {
  if (batch.num_rows() == 0 && !columns_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Value none, MakeNulls(root_->type, 0, context.pool));
    return ToDatum(none);
  }
  ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(batch, context));
  ARROW_ASSIGN_OR_RAISE(const Value value, root_->Evaluate(rows));
  return ToDatum(value);
}

Result<std::shared_ptr<arrow::Array>> BoundExpression::EvaluateDictionary(
    const arrow::RecordBatch& batch, const EvaluationContext& context) const {
  ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(batch, context));
  ARROW_ASSIGN_OR_RAISE(const auto values, constant_choice_->Evaluate(rows));
  return values->Slice(0, batch.num_rows());
}

Result<BoundExpression> Bind(std::string_view text, const arrow::Schema& schema,
                             const BindOptions& options) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  ARROW_ASSIGN_OR_RAISE(const SyntaxPointer syntax, Parse(text));
  ARROW_ASSIGN_OR_RAISE(NodePointer root, BindTree(*syntax, text, schema, options.pool));
  if (root->type.kind == Kind::kOther) {
    return ErrorAt(
        text, syntax->span,
        {.code = ErrorCode::kExpressionUnsupported,
         .what = fmt::format("an expression cannot return a {}", TypeName(root->type)),
         .cure =
             "columns of this type can only be passed through unchanged or tested with IS NULL"});
  }
  BoundExpression bound(std::string(text), std::move(root));
  bound.constant_ = dynamic_cast<const ConstantNode*>(bound.root_.get()) != nullptr;
  bound.time_dependence_ = TimeDependenceOf(*bound.root_);
  ARROW_ASSIGN_OR_RAISE(auto choice, ConstantChoice::Find(*bound.root_, options.pool));
  if (choice) bound.constant_choice_ = std::make_unique<ConstantChoice>(*std::move(choice));
  std::vector<int> all;
  std::vector<int> values;
  CollectColumns(*bound.root_, &all, &values);
  bound.columns_ = BelowSchema(std::move(all), schema.num_fields());
  values = BelowSchema(std::move(values), schema.num_fields());
  std::set_difference(bound.columns_.begin(), bound.columns_.end(), values.begin(), values.end(),
                      std::back_inserter(bound.null_test_only_columns_));
  return bound;
}

}  // namespace spillway::expression
