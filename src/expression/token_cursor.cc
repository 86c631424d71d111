#include "expression/token_cursor.h"

#include <algorithm>
#include <utility>

#include <arrow/util/string.h>
#include <fmt/format.h>

namespace spillway::expression {

TokenCursor::TokenCursor(std::string_view text, std::vector<Token> tokens)
    : text_(text), tokens_(std::move(tokens)) {}

const Token& TokenCursor::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token TokenCursor::Take() {
  Token token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenCursor::AtSymbol(std::string_view symbol, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kSymbol && token.text == symbol;
}

bool TokenCursor::AtWord(std::string_view word, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kName &&
         arrow::internal::AsciiEqualsCaseInsensitive(token.text, word);
}

bool TokenCursor::TakeSymbol(std::string_view symbol) {
  if (!AtSymbol(symbol)) return false;
  Take();
  return true;
}

bool TokenCursor::TakeWord(std::string_view word) {
  if (!AtWord(word)) return false;
  Take();
  return true;
}

Status TokenCursor::ExpectSymbol(std::string_view symbol) {
  return TakeSymbol(symbol) ? Status::OK() : Unexpected(fmt::format("\"{}\"", symbol));
}

Status TokenCursor::ExpectWord(std::string_view word) {
  return TakeWord(word) ? Status::OK() : Unexpected(word);
}

Status TokenCursor::Unexpected(std::string_view expected) const {
  const Token& token = Peek();
  const std::string found =
      token.kind == TokenKind::kEnd
          ? "the end of the text"
          : fmt::format("\"{}\"",
                        text_.substr(token.span.begin, token.span.end - token.span.begin));
  return Fail(token.span, ErrorCode::kExpressionSyntax,
              fmt::format("expected {}, found {}", expected, found),
              "fix the expression here; a column name that is also a keyword needs backticks");
}

Status TokenCursor::Fail(Span span, ErrorCode code, std::string what, std::string cure) const {
  return ErrorAt(text_, span, {.code = code, .what = std::move(what), .cure = std::move(cure)});
}

Status TokenCursor::Unsupported(Span span, std::string_view what) const {
  return Fail(span, ErrorCode::kExpressionUnsupported,
              fmt::format("{} is valid Spark SQL, but Spillway does not support it", what),
              "rewrite it with what is listed in docs/expressions.md");
}

}  // namespace spillway::expression
