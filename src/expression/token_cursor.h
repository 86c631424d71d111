// A place in a list of tokens, with the questions and refusals that a parser needs.
//
// Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expression/token.h"

namespace spillway::expression {

class TokenCursor {
 public:
  TokenCursor(std::string_view text, std::vector<Token> tokens);

  const Token& Peek(size_t ahead = 0) const;
  Token Take();  // stays at the end once there

  bool AtSymbol(std::string_view symbol, size_t ahead = 0) const;
  // Keywords are in capitals here and in any case in the text.
  bool AtWord(std::string_view word, size_t ahead = 0) const;
  bool TakeSymbol(std::string_view symbol);
  bool TakeWord(std::string_view word);
  Status ExpectSymbol(std::string_view symbol);
  Status ExpectWord(std::string_view word);

  // kExpressionSyntax at the current token: "expected `expected`, found ..".
  Status Unexpected(std::string_view expected) const;
  Status Fail(Span span, ErrorCode code, std::string what, std::string cure) const;
  // kExpressionUnsupported: `what` names the feature.
  Status Unsupported(Span span, std::string_view what) const;

  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace spillway::expression
