// Literals: from tokens to typed syntax nodes.
//
// Thread rule: free functions.
#pragma once

#include <string_view>

#include "base/status.h"
#include "expression/syntax_tree.h"
#include "expression/token_cursor.h"

namespace spillway::expression {

// The literal of a number token; `negative` if a minus stands before it. 1 is INT, 3000000000
// BIGINT, larger ones DECIMAL; 1.50 is DECIMAL(3,2). Fails with kExpressionSyntax on a value
// outside the range of its suffix, and on more than 38 digits.
Result<SyntaxPointer> NumberLiteral(const TokenCursor& cursor, const Token& token, bool negative);

// The literal of `type_word` 'text' (DATE, TIMESTAMP, TIMESTAMP_LTZ, TIMESTAMP_NTZ or X), or
// nullptr if the word is none of them. Fails with kExpressionSyntax on a text that is no such
// value.
Result<SyntaxPointer> TypedLiteral(const TokenCursor& cursor, const Token& type_word,
                                   const Token& value);

}  // namespace spillway::expression
