// Cuts the text of an expression into tokens, as Spark SQL's lexer does.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expression/source_text.h"

namespace spillway::expression {

enum class TokenKind : uint8_t {
  kName,        // an identifier or keyword; `text` as written
  kQuotedName,  // `text` without its back quotes
  kString,      // `text` is the value
  kInteger,     // digits; `suffix` is "", "L", "S" or "Y"
  kDecimal,     // digits with a point; `suffix` "" or "BD"
  kDouble,      // with an exponent, or `suffix` "D" or "F"
  kSymbol,      // an operator or punctuation mark: `text`
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  std::string text = {};
  std::string_view suffix = {};  // of a number, upper case
};

// The tokens of `text`, the last of which is kEnd. Fails with kExpressionSyntax at a character that
// starts no token, and at a quote or comment that does not end.
Result<std::vector<Token>> Tokenize(std::string_view text);

}  // namespace spillway::expression
