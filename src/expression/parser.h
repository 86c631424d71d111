// Parses the text of one expression of Spark SQL.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include "base/status.h"
#include "expression/syntax_tree.h"

namespace spillway::expression {

// The tree of `text`, at most kMaximumDepth deep. Fails with kExpressionSyntax where Spark's parser
// fails, where the text is too long or too deeply nested, and with kExpressionUnsupported at
// grammar that is Spark's but not ours (intervals, subqueries, lambdas, subscripts, window and
// bitwise operators).
Result<SyntaxPointer> Parse(std::string_view text);

}  // namespace spillway::expression
