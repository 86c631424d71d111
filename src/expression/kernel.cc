#include "expression/kernel.h"

#include <algorithm>
#include <utility>

#include "expression/selected_evaluation.h"

namespace spillway::expression {

CallNode::CallNode(ValueType result, Kernel compute, std::vector<NodePointer> arguments, bool fails,
                   Span place, ArgumentOrder order)
    : kernel_(compute), order_(order) {
  type = std::move(result);
  span = place;
  can_fail = fails;
  nullable = false;
  for (NodePointer& argument : arguments) {
    types_.push_back(argument->type);
    nullable = nullable || argument->nullable;
    Adopt(std::move(argument));
  }
}

Result<std::vector<Value>> CallNode::EvaluateArguments(const Rows& rows) const {
  std::vector<Value> arguments(children.size());
  std::vector<Validity> before;  // of the arguments that may make this one superfluous
  for (size_t i = 0; i < children.size(); ++i) {
    const size_t at = order_ == ArgumentOrder::kRightFirst ? children.size() - 1 - i : i;
    const BoundNode& child = *children[at];
    if (child.can_fail && !before.empty()) {
      const Selection open = SelectRows(rows.count, [&before](int64_t row) {
        return std::all_of(before.begin(), before.end(),
                           [row](const Validity& validity) { return validity.IsValid(row); });
      });
      ARROW_ASSIGN_OR_RAISE(arguments[at], EvaluateAt(child, rows, open));
    } else {
      ARROW_ASSIGN_OR_RAISE(arguments[at], child.Evaluate(rows));
    }
    const Validity validity(arguments[at]);
    if (order_ != ArgumentOrder::kAll && validity.may_be_null()) before.push_back(validity);
  }
  return arguments;
}

Result<Value> CallNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Value> arguments, EvaluateArguments(rows));
  const bool single = std::all_of(arguments.begin(), arguments.end(),
                                  [](const Value& value) { return value.single; });
  const KernelInput input{.arguments = arguments,
                          .types = types_,
                          .rows = single ? 1 : rows.count,
                          .result = type,
                          .context = *rows.context,
                          .tolerant = tolerant_};
  Result<Value> result = kernel_(input);
  if (result.status().IsCancelled()) return result;
  if (!result.ok()) return WithPlace(result.status(), rows.text, span);
  result->single = single;
  return result;
}

}  // namespace spillway::expression
