#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/function_table.h"
#include "expression/functions/kernels.h"
#include "expression/leaf_nodes.h"
#include "expression/type_rules.h"

namespace spillway::expression {

Result<NodePointer> TextRule(CallBinding& call) {
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    ARROW_RETURN_NOT_OK(call.Expect(i, Kind::kString));
  }
  return call.Make(Kind::kString);
}

// upper(lower(x)) is upper(x): Spark's optimizer takes the inner one away, which shows for the few
// letters that do not come back.
Result<NodePointer> CaseRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  auto* inner = dynamic_cast<CallNode*>(call.arguments[0].get());
  const bool changes_case =
      inner != nullptr && !inner->foldable &&
      (inner->kernel() == functions::Upper || inner->kernel() == functions::Lower);
  if (changes_case) {
    NodePointer innermost = std::move(inner->children[0]);
    call.arguments[0] = std::move(innermost);
  }
  return call.Make(Kind::kString);
}

Result<NodePointer> LengthRule(CallBinding& call) {
  if (call.kind(0) != Kind::kBinary) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  return call.Make(Kind::kInt);
}

Result<NodePointer> SubstringRule(CallBinding& call) {
  if (call.kind(0) != Kind::kBinary) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    ARROW_RETURN_NOT_OK(call.Expect(i, Kind::kInt));
  }
  const ValueType result = call.type(0);
  return call.Make(result);
}

Result<NodePointer> ConcatRule(CallBinding& call) {
  if (call.arguments.empty()) {
    return MakeConstant({.span = call.span, .type = {.kind = Kind::kString}}, call.pool);
  }
  const bool binary =
      std::all_of(call.arguments.begin(), call.arguments.end(),
                  [](const NodePointer& n) { return n->type.kind == Kind::kBinary; });
  if (binary) return call.Make(Kind::kBinary);
  return TextRule(call);
}

Result<NodePointer> LikeRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kString));
  ARROW_RETURN_NOT_OK(call.Expect(1, Kind::kString));
  const auto* pattern = dynamic_cast<const ConstantNode*>(call.arguments[1].get());
  if (pattern == nullptr) return call.Make(Kind::kBoolean);
  // A constant pattern is checked before any row.
  char escape = '\\';
  if (call.arguments.size() == 3) {
    escape = TextReader(static_cast<const ConstantNode&>(*call.arguments[2]).value())[0][0];
  }
  if (!pattern->is_null()) {
    ARROW_RETURN_NOT_OK(
        WithPlace(functions::CheckLikePattern(TextReader(pattern->value())[0], escape), call.text,
                  pattern->span));
  }
  return call.Make({.kind = Kind::kBoolean}, call.function.kernel, false);
}

Result<NodePointer> CastRule(CallBinding& call) {
  const ValueType to = *TypeByName(call.function.name, -1, -1);
  if (!CanCast(call.type(0), to)) return call.Refuse("CAST between these types is not allowed");
  call.Convert(0, to);
  return std::move(call.arguments[0]);
}

}  // namespace spillway::expression
