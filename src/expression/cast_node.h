// Makes the nodes that convert types and the constants of literals.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include "expression/bound_node.h"
#include "expression/syntax_tree.h"

namespace spillway::expression {

// `node` converted to `to`, which CanCast allows; itself where the types agree. `tolerant` gives
// NULL where a value cannot be converted.
NodePointer MakeCast(NodePointer node, const ValueType& to, Span span, bool tolerant = false);

// `node` in the decimal type that arithmetic gives an integral operand: as many digits as a literal
// has, or as its type may have.
NodePointer CastIntegralToDecimal(NodePointer node);

// The constant of a literal; `literal.text` is its value as CAST reads it.
Result<NodePointer> MakeConstant(const SyntaxNode& literal, arrow::MemoryPool* pool);

// NULL of `type`.
Result<NodePointer> MakeNullConstant(const ValueType& type, Span span, arrow::MemoryPool* pool);

}  // namespace spillway::expression
