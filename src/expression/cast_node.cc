#include "expression/cast_node.h"

#include <string>
#include <utility>
#include <vector>

#include "expression/coercion.h"
#include "expression/functions/casts.h"
#include "expression/kernel.h"
#include "expression/leaf_nodes.h"

namespace spillway::expression {
namespace {

// A literal integer's number of digits.
int CountDigits(const BoundNode& node) {
  const auto& constant = static_cast<const ConstantNode&>(node);
  const auto kernel = functions::CastToText;
  const ValueType text_type{.kind = Kind::kString};
  const EvaluationContext context;
  const auto text = kernel({.arguments = {&constant.value(), 1},
                            .types = {&node.type, 1},
                            .rows = 1,
                            .result = text_type,
                            .context = context});
  if (!text.ok()) return DecimalFor(node.type.kind).precision;
  const std::string_view digits = TextReader(*text)[0];
  return static_cast<int>(digits.size()) - (digits.starts_with('-') ? 1 : 0);
}

Result<Value> MakeText(std::string_view text, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(TextWriter writer,
                        TextWriter::Make(1, static_cast<int64_t>(text.size()), pool));
  ARROW_RETURN_NOT_OK(writer.Append(text));
  ARROW_ASSIGN_OR_RAISE(Value value, writer.Finish({.kind = Kind::kString}, nullptr));
  value.single = true;
  return value;
}

}  // namespace

NodePointer MakeCast(NodePointer node, const ValueType& to, Span span, bool tolerant) {
  if (node->type == to) return node;
  const functions::CastKernel cast = functions::FindCast(node->type, to);
  const bool may_be_of_today = node->type.kind == Kind::kString && to.kind == Kind::kTimestamp;
  std::vector<NodePointer> arguments;
  arguments.push_back(std::move(node));
  auto call = std::make_unique<CallNode>(to, cast.kernel, std::move(arguments),
                                         cast.can_fail && !tolerant, span);
  if (cast.makes_nulls || (tolerant && cast.can_fail)) call->nullable = true;
  if (tolerant) call->set_tolerant();
  if (may_be_of_today) call->time_dependence = TimeDependence::kByText;
  return call;
}

NodePointer CastIntegralToDecimal(NodePointer node) {
  const Span span = node->span;
  const ValueType to =
      node->literal ? DecimalType(CountDigits(*node), 0) : DecimalFor(node->type.kind);
  return MakeCast(std::move(node), to, span);
}

Result<NodePointer> MakeConstant(const SyntaxNode& literal, arrow::MemoryPool* pool) {
  if (literal.type.kind == Kind::kNull) return MakeNullConstant({}, literal.span, pool);
  ARROW_ASSIGN_OR_RAISE(Value value, MakeText(literal.text, pool));
  const ValueType text_type{.kind = Kind::kString};
  if (literal.type.kind != Kind::kString) {
    const EvaluationContext context{.pool = pool};
    ARROW_ASSIGN_OR_RAISE(value, functions::FindCast(text_type, literal.type)
                                     .kernel({.arguments = {&value, 1},
                                              .types = {&text_type, 1},
                                              .rows = 1,
                                              .result = literal.type,
                                              .context = context}));
    value.single = true;
  }
  auto node = std::make_unique<ConstantNode>(literal.type, std::move(value), literal.span);
  node->literal = IsIntegral(literal.type.kind) && literal.type.kind != Kind::kByte;
  return node;
}

Result<NodePointer> MakeNullConstant(const ValueType& type, Span span, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(Value value, MakeNulls(type, 1, pool));
  value.single = true;
  return std::make_unique<ConstantNode>(type, std::move(value), span);
}

}  // namespace spillway::expression
