#include <utility>

#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/function_table.h"
#include "expression/functions/kernels.h"
#include "expression/leaf_nodes.h"
#include "expression/type_rules.h"

namespace spillway::expression {
namespace {

// Converts the pattern to STRING, and checks it at once where it is a constant.
Status ExpectPattern(CallBinding& call, bool parsing) {
  ARROW_RETURN_NOT_OK(call.Expect(1, Kind::kString));
  const auto* constant = dynamic_cast<const ConstantNode*>(call.arguments[1].get());
  if (constant == nullptr || constant->is_null()) return Status::OK();
  return WithPlace(functions::CheckPattern(TextReader(constant->value())[0], parsing), call.text,
                   constant->span);
}

// Text by its pattern; dates and timestamps go by without it.
Result<NodePointer> WithPattern(CallBinding& call) {
  ARROW_RETURN_NOT_OK(ExpectPattern(call, true));
  if (IsDatetime(call.kind(0))) {
    call.Convert(0, Kind::kTimestamp);
    return std::move(call.arguments[0]);
  }
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  return call.Make(Kind::kTimestamp);
}

Result<NodePointer> OfNow(CallBinding& call, Kind kind) {
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(kind));
  node->foldable = false;
  node->time_dependence = TimeDependence::kAlways;
  return node;
}

}  // namespace

Result<NodePointer> DateFormatRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kTimestamp));
  ARROW_RETURN_NOT_OK(ExpectPattern(call, false));
  return call.Make(Kind::kString);
}

Result<NodePointer> ToDateRule(CallBinding& call) {
  const Span span = call.span;
  const ValueType date{.kind = Kind::kDate};
  if (call.arguments.size() == 2) {
    ARROW_ASSIGN_OR_RAISE(NodePointer timestamp, WithPattern(call));
    return MakeCast(std::move(timestamp), date, span);
  }
  if (!IsDatetime(call.kind(0))) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  return MakeCast(std::move(call.arguments[0]), date, span);
}

Result<NodePointer> ToTimestampRule(CallBinding& call) {
  if (call.arguments.size() == 2) {
    if (IsNumeric(call.kind(0))) return call.Refuse("a number has no pattern");
    return WithPattern(call);
  }
  const ValueType timestamp{.kind = Kind::kTimestamp};
  const bool takes = IsDatetime(call.kind(0)) || IsNumeric(call.kind(0));
  if (!takes) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  return MakeCast(std::move(call.arguments[0]), timestamp, call.span);
}

Result<NodePointer> DatePartRule(CallBinding& call) {
  const Kind kind = call.kind(0);
  if (!IsDatetime(kind) && kind != Kind::kString && kind != Kind::kNull) {
    return call.Refuse("the argument must be a DATE");
  }
  call.Convert(0, Kind::kDate);
  return call.Make(Kind::kInt);
}

Result<NodePointer> TimePartRule(CallBinding& call) {
  const Kind kind = call.kind(0);
  if (!IsDatetime(kind) && kind != Kind::kString && kind != Kind::kNull) {
    return call.Refuse("the argument must be a TIMESTAMP");
  }
  if (kind != Kind::kTimestampNtz) call.Convert(0, Kind::kTimestamp);
  return call.Make(Kind::kInt);
}

Result<NodePointer> CurrentTimestampRule(CallBinding& call) {
  return OfNow(call, Kind::kTimestamp);
}

Result<NodePointer> CurrentDateRule(CallBinding& call) { return OfNow(call, Kind::kDate); }

}  // namespace spillway::expression
