#include <utility>

#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/conditional_nodes.h"
#include "expression/function_table.h"
#include "expression/leaf_nodes.h"
#include "expression/type_rules.h"

namespace spillway::expression {
namespace {

void MeetDecimal(CallBinding& call, size_t decimal, size_t other) {
  if (call.kind(decimal) == Kind::kDecimal && IsIntegral(call.kind(other))) {
    call.arguments[other] = CastIntegralToDecimal(std::move(call.arguments[other]));
  }
}

Result<NodePointer> LogicRule(CallBinding& call, bool decisive) {
  const bool strings = call.kind(0) == Kind::kString || call.kind(1) == Kind::kString;
  const bool booleans = call.kind(0) == Kind::kBoolean || call.kind(1) == Kind::kBoolean;
  for (size_t i = 0; i < 2; ++i) {
    const Kind kind = call.kind(i);
    // A string is taken for a boolean beside one; two of them are not.
    const bool fits = kind == Kind::kBoolean || (kind == Kind::kNull && !strings) ||
                      (kind == Kind::kString && booleans);
    if (!fits) return call.Refuse("the operands must be booleans");
    call.Convert(i, Kind::kBoolean);
  }
  return std::make_unique<LogicNode>(decisive, std::move(call.arguments[0]),
                                     std::move(call.arguments[1]), call.span);
}

Status MeetOrRefuse(CallBinding& call) {
  for (size_t i = 0; i < 2; ++i) {
    if (!IsComparable(call.type(i))) {
      return call.Unsupported("comparing values of type " + TypeName(call.type(i)));
    }
  }
  return MeetForComparison(call) ? Status::OK() : call.Refuse("the operands have no common type");
}

}  // namespace

bool MeetForComparison(CallBinding& call) {
  const bool one_string = (call.kind(0) == Kind::kString) != (call.kind(1) == Kind::kString);
  if (one_string) {
    const auto wider = WiderTypeForString(call.type(0), call.type(1));
    if (!wider) return false;
    call.Convert(0, *wider);
    call.Convert(1, *wider);
    return true;
  }
  MeetDecimal(call, 0, 1);
  MeetDecimal(call, 1, 0);
  const auto common = WiderTypeWithoutStrings(call.type(0), call.type(1));
  if (!common) return false;
  call.Convert(0, *common);
  call.Convert(1, *common);
  return true;
}

Result<NodePointer> ComparisonRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(MeetOrRefuse(call));
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(Kind::kBoolean));
  return node;
}

Result<NodePointer> NullSafeEqualRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(MeetOrRefuse(call));
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(Kind::kBoolean));
  node->nullable = false;
  return node;
}

Result<NodePointer> AndRule(CallBinding& call) { return LogicRule(call, false); }
Result<NodePointer> OrRule(CallBinding& call) { return LogicRule(call, true); }

Result<NodePointer> BooleanRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kBoolean));
  return call.Make(Kind::kBoolean);
}

Result<NodePointer> TruthRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kBoolean));
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(Kind::kBoolean));
  node->nullable = false;
  return node;
}

Result<NodePointer> CoalesceRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.ExpectCommonType(WiderType));
  if (call.type(0).kind == Kind::kOther) {
    return call.Unsupported("coalesce of values of type " + TypeName(call.type(0)));
  }
  if (call.arguments.size() == 1) return std::move(call.arguments[0]);
  const ValueType result = call.type(0);
  return std::make_unique<CoalesceNode>(result, std::move(call.arguments), call.span);
}

Result<NodePointer> IfRule(CallBinding& call) {
  if (call.kind(0) == Kind::kNull) call.Convert(0, Kind::kBoolean);
  if (call.kind(0) != Kind::kBoolean) return call.Refuse("argument 1 must be BOOLEAN");
  const auto common = WiderType(call.type(1), call.type(2));
  if (!common) return call.Refuse("arguments 2 and 3 have no common type");
  call.Convert(1, *common);
  call.Convert(2, *common);
  return std::make_unique<CaseNode>(*common, std::move(call.arguments), call.span);
}

Result<NodePointer> NullTestRule(CallBinding& call) {
  if (auto* column = dynamic_cast<ColumnNode*>(call.arguments[0].get())) {
    column->set_null_test_only();
  }
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(Kind::kBoolean));
  node->nullable = false;
  return node;
}

Result<NodePointer> IsNaNRule(CallBinding& call) {
  if (call.kind(0) != Kind::kFloat) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kDouble));
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(Kind::kBoolean));
  node->nullable = false;
  return node;
}

Result<NodePointer> ExtremeRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.ExpectCommonType(WiderTypeWithoutStrings));
  if (call.type(0).nested != nullptr) {
    return call.Unsupported("comparing values of type " + TypeName(call.type(0)));
  }
  if (call.kind(0) == Kind::kNull) return std::move(call.arguments[0]);
  bool nullable = true;
  for (const NodePointer& argument : call.arguments) nullable = nullable && argument->nullable;
  const ValueType result = call.type(0);
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(result));
  node->nullable = nullable;
  return node;
}

}  // namespace spillway::expression
