#include "expression/call_binding.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/function_table.h"

namespace spillway::expression {

void CallBinding::Convert(size_t argument, const ValueType& to) {
  const Span place = arguments[argument]->span;
  arguments[argument] = MakeCast(std::move(arguments[argument]), to, place);
}

Status CallBinding::Expect(size_t argument, const ValueType& to) {
  if (!CanCastImplicitly(type(argument), to)) {
    return Refuse(fmt::format("argument {} must be {}", argument + 1, TypeName(to)));
  }
  Convert(argument, to);
  return Status::OK();
}

Status CallBinding::ExpectCommonType(Meet meet) {
  ValueType common;
  for (const NodePointer& argument : arguments) {
    const std::optional<ValueType> wider = meet(common, argument->type);
    if (!wider) return Refuse("the arguments have no common type");
    common = *wider;
  }
  for (size_t i = 0; i < arguments.size(); ++i) Convert(i, common);
  return Status::OK();
}

Result<NodePointer> CallBinding::Make(const ValueType& result) {
  return Make(result, function.kernel, function.can_fail);
}

Result<NodePointer> CallBinding::Make(const ValueType& result, Kernel kernel, bool can_fail) {
  return std::make_unique<CallNode>(result, kernel, std::move(arguments), can_fail, span,
                                    function.order);
}

Status CallBinding::Refuse(std::string_view reason) const {
  std::vector<std::string> types;
  for (const NodePointer& argument : arguments) types.push_back(TypeName(argument->type));
  return ErrorAt(
      text, span,
      {.code = ErrorCode::kExpressionType,
       .what = fmt::format("{} does not take {}", function.name, fmt::join(types, " and ")),
       .why = std::string(reason),
       .cure = "use CAST to convert one of the values"});
}

Status CallBinding::Unsupported(std::string_view what) const {
  return ErrorAt(
      text, span,
      {.code = ErrorCode::kExpressionUnsupported,
       .what = fmt::format("{} is valid Spark SQL, but Spillway does not support it", what),
       .cure = "rewrite it with what is listed in docs/expressions.md"});
}

}  // namespace spillway::expression
