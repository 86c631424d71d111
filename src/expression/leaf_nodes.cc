#include "expression/leaf_nodes.h"

#include <utility>

#include <arrow/array/array_nested.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>

namespace spillway::expression {

ConstantNode::ConstantNode(ValueType value_type, Value value, Span place)
    : value_(std::move(value)) {
  type = std::move(value_type);
  span = place;
  nullable = is_null();
}

Result<Value> ConstantNode::Evaluate(const Rows&) const { return value_; }

ColumnNode::ColumnNode(ValueType value_type, int index, bool may_be_null, bool fails, Span place)
    : index_(index) {
  type = std::move(value_type);
  span = place;
  nullable = may_be_null;
  foldable = false;
  can_fail = fails;
}

Result<Value> ColumnNode::Evaluate(const Rows& rows) const {
  return rows.columns[static_cast<size_t>(index_)];
}

FieldNode::FieldNode(NodePointer structure, int index, ValueType value_type, bool may_be_null,
                     Span place)
    : index_(index) {
  type = std::move(value_type);
  span = place;
  nullable = may_be_null || structure->nullable;
  Adopt(std::move(structure));
}

Result<Value> FieldNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const Value structure, children[0]->Evaluate(rows));
  const arrow::StructArray array(structure.data);
  ARROW_ASSIGN_OR_RAISE(const auto field, array.GetFlattenedField(index_, rows.pool()));
  ARROW_ASSIGN_OR_RAISE(auto plain, ToPlain(field->data(), rows.pool()));
  return Value{std::move(plain), structure.single};
}

LetNode::LetNode(int slot, NodePointer value, NodePointer body) : slot_(static_cast<size_t>(slot)) {
  type = body->type;
  span = body->span;
  nullable = body->nullable;
  Adopt(std::move(value));
  Adopt(std::move(body));  // which never folds: it reads the slot
}

Result<Value> LetNode::Evaluate(const Rows& rows) const {
  Rows inner = rows;
  if (inner.columns.size() <= slot_) inner.columns.resize(slot_ + 1);
  ARROW_ASSIGN_OR_RAISE(inner.columns[slot_], children[0]->Evaluate(rows));
  return children[1]->Evaluate(inner);
}

Result<std::shared_ptr<arrow::ArrayData>> ToPlain(const std::shared_ptr<arrow::ArrayData>& data,
                                                  arrow::MemoryPool* pool) {
  const ValueType type = FromArrow(data->type);
  const std::shared_ptr<arrow::DataType> plain = ToArrow(type);
  if (data->type->Equals(*plain)) return data;
  if (type.kind == Kind::kTimestamp &&
      static_cast<const arrow::TimestampType&>(*data->type).unit() == arrow::TimeUnit::MICRO) {
    auto relabelled = data->Copy();  // an instant is the same in any zone
    relabelled->type = plain;
    return relabelled;
  }
  arrow::compute::ExecContext context(pool, nullptr);
  context.set_use_threads(false);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                        arrow::compute::Cast(arrow::Datum(data), plain,
                                             arrow::compute::CastOptions::Safe(), &context));
  return cast.array();
}

}  // namespace spillway::expression
