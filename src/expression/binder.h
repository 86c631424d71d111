// Binds a syntax tree to a schema: looks names up, types every node, folds constants.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include <arrow/type.h>

#include "expression/bound_node.h"
#include "expression/syntax_tree.h"

namespace spillway::expression {

// Errors: see Bind in expression.h. `text` is what `syntax` was parsed from.
Result<NodePointer> BindTree(const SyntaxNode& syntax, std::string_view text,
                             const arrow::Schema& schema, arrow::MemoryPool* pool);

}  // namespace spillway::expression
