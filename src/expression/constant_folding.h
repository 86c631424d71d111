// Computes the constant parts of a bound tree.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include "expression/bound_node.h"

namespace spillway::expression {

// The tree with every largest constant part replaced by its value. A part that fails is an error if
// every row evaluates it; inside a branch that some row may never take it is left as it is.
Result<NodePointer> FoldConstants(NodePointer node, std::string_view text, arrow::MemoryPool* pool);

}  // namespace spillway::expression
