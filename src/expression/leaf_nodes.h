// The nodes that read: constants, columns, LET slots, fields of structs.
//
// Thread rule: as BoundNode.
#pragma once

#include <string>

#include "expression/bound_node.h"

namespace spillway::expression {

class ConstantNode : public BoundNode {
 public:
  // `value` is single and of `value_type`.
  ConstantNode(ValueType value_type, Value value, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;
  const Value& value() const { return value_; }
  bool is_null() const { return Validity(value_).IsNull(0); }

 private:
  Value value_;
};

// A column of the rows, or a LET slot among them.
class ColumnNode : public BoundNode {
 public:
  ColumnNode(ValueType value_type, int index, bool may_be_null, bool fails, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;
  int index() const { return index_; }
  bool null_test_only() const { return null_test_only_; }
  void set_null_test_only() { null_test_only_ = true; }

 private:
  int index_;
  bool null_test_only_ = false;
};

class FieldNode : public BoundNode {
 public:
  FieldNode(NodePointer structure, int index, ValueType value_type, bool may_be_null, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;

 private:
  int index_;
};

// Evaluates children[0] once, puts it into slot `slot`, and evaluates children[1], where
// ColumnNodes of that index stand for it.
class LetNode : public BoundNode {
 public:
  LetNode(int slot, NodePointer value, NodePointer body);
  Result<Value> Evaluate(const Rows& rows) const override;
  int slot() const { return static_cast<int>(slot_); }

 private:
  size_t slot_;
};

// `data` in the plain Arrow type of its ValueType: large texts become utf8 and binary, timestamps
// of other units microseconds. Fails where a large text's bytes pass 2 GiB.
Result<std::shared_ptr<arrow::ArrayData>> ToPlain(const std::shared_ptr<arrow::ArrayData>& data,
                                                  arrow::MemoryPool* pool);

}  // namespace spillway::expression
