// Binds a syntax tree to a schema: looks names up, types every node, folds constants.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include <arrow/type.h>

#include "expression/bound_node.h"
#include "expression/syntax_tree.h"

namespace spillway::expression {

inline constexpr int kSlot = -1;

// The columns that the tree's nodes read are numbered as they come, LET slots among them, so that
// the width of the table costs nothing.
struct BoundTree {
  NodePointer root;
  std::vector<int> fields;  // by that number: which of the given fields it is, or kSlot
};

// Errors: see Bind in expression.h. `text` is what `syntax` was parsed from.
Result<BoundTree> BindTree(const SyntaxNode& syntax, std::string_view text,
                           const arrow::FieldVector& fields, arrow::MemoryPool* pool);

}  // namespace spillway::expression
