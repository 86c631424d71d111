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

// The fields that numbers of a tree stand for, ascending, without those of LET slots.
std::vector<int> FieldsOf(const std::vector<int>& numbers, const BoundTree& tree) {
  std::vector<int> fields;
  for (const int number : numbers) {
    const int field = tree.fields[static_cast<size_t>(number)];
    if (field != kSlot) fields.push_back(field);
  }
  std::ranges::sort(fields);
  return fields;
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

ReadRows BoundExpression::ReadFrom(const arrow::RecordBatch& batch) const {
  ReadRows read{.columns = {}, .count = batch.num_rows()};
  for (const int index : columns_) read.columns.push_back(batch.column_data(index));
  return read;
}

Result<Rows> BoundExpression::RowsOf(const ReadRows& read, const EvaluationContext& context) const {
  const int most = numbers_.empty() ? -1 : std::ranges::max(numbers_);
  Rows rows{.columns = std::vector<Value>(static_cast<size_t>(most + 1)),
            .count = std::max<int64_t>(read.count, 1),
            .context = &context,
            .text = text_};
  for (size_t i = 0; i < columns_.size(); ++i) {
    Value& column = rows.columns[static_cast<size_t>(numbers_[i])];
    column.data = read.columns[i];
    if (Contains(null_test_only_columns_, columns_[i])) continue;
    Result<std::shared_ptr<arrow::ArrayData>> plain = ToPlain(column.data, context.pool);
    if (!plain.ok()) return WithPlace(plain.status(), text_, {});
    column.data = *std::move(plain);
  }
  return rows;
}

Result<arrow::Datum> BoundExpression::Evaluate(const arrow::RecordBatch& batch,
                                               const EvaluationContext& context) const {
  return Evaluate(ReadFrom(batch), context);
}

Result<arrow::Datum> BoundExpression::Evaluate(const ReadRows& read,
                                               const EvaluationContext& context) const {
  if (read.count == 0 && !columns_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Value none, MakeNulls(root_->type, 0, context.pool));
    return ToDatum(none);
  }
  ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(read, context));
  ARROW_ASSIGN_OR_RAISE(const Value value, root_->Evaluate(rows));
  return ToDatum(value);
}

Result<std::shared_ptr<arrow::Array>> BoundExpression::EvaluateDictionary(
    const ReadRows& read, const EvaluationContext& context) const {
  ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(read, context));
  ARROW_ASSIGN_OR_RAISE(const auto values, constant_choice_->Evaluate(rows));
  return values->Slice(0, read.count);
}

Result<BoundExpression> Bind(std::string_view text, const arrow::Schema& schema,
                             const BindOptions& options) {
  return Bind(text, schema.fields(), options);
}

Result<BoundExpression> Bind(std::string_view text, const arrow::FieldVector& fields,
                             const BindOptions& options) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  ARROW_ASSIGN_OR_RAISE(const SyntaxPointer syntax, Parse(text));
  ARROW_ASSIGN_OR_RAISE(BoundTree tree, BindTree(*syntax, text, fields, options.pool));
  NodePointer& root = tree.root;
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
  bound.columns_ = FieldsOf(all, tree);
  for (const int column : bound.columns_) {
    const auto number = std::ranges::find(tree.fields, column);
    bound.numbers_.push_back(static_cast<int>(number - tree.fields.begin()));
  }
  values = FieldsOf(values, tree);
  std::set_difference(bound.columns_.begin(), bound.columns_.end(), values.begin(), values.end(),
                      std::back_inserter(bound.null_test_only_columns_));
  return bound;
}

}  // namespace spillway::expression
