#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <arrow/util/string.h>
#include <fmt/format.h>

#include "expression/expression.h"
#include "expression/literal_syntax.h"
#include "expression/syntax_parser.h"

namespace spillway::expression {
namespace {

// Words that cannot be a column's name without back quotes where an operand is wanted.
constexpr std::array<std::string_view, 14> kReservedWords = {
    "AND",  "OR",   "BETWEEN", "IN",   "IS",    "LIKE", "WHEN",
    "THEN", "ELSE", "END",     "FROM", "WHERE", "AS",   "DISTINCT"};

}  // namespace

Result<SyntaxPointer> SyntaxParser::Postfix(SyntaxPointer node) {
  for (int length = 1;; ++length) {
    if (length + depth_ > kMaximumDepth) return TooDeep(cursor_.Peek().span);
    if (cursor_.AtSymbol(".")) {
      const Span span = cursor_.Take().span;
      if (!IsName(cursor_.Peek())) return cursor_.Unexpected("a field's name");
      const Token name = cursor_.Take();
      if (node->kind == SyntaxKind::kName) {
        node->names.push_back(name.text);
        node->span.end = name.span.end;
        continue;
      }
      SyntaxPointer field = MakeNode(SyntaxKind::kField, span, name.text);
      field->children.push_back(std::move(node));
      node = std::move(field);
    } else if (cursor_.AtSymbol("::")) {
      const Span span = cursor_.Take().span;
      ARROW_ASSIGN_OR_RAISE(node, CastTo(SyntaxKind::kCast, span, std::move(node)));
    } else {
      return node;
    }
  }
}

Result<SyntaxPointer> SyntaxParser::Primary() {
  const Token token = cursor_.Peek();
  if (token.kind == TokenKind::kSymbol) {
    if (token.text == "(") return Parenthesized();
    if (token.text == "-") {
      cursor_.Take();
      return NumberLiteral(cursor_, cursor_.Take(), true);
    }
  }
  if (token.kind == TokenKind::kString) return AdjacentStrings();
  if (IsNumber(token)) return NumberLiteral(cursor_, cursor_.Take(), false);
  if (IsName(token)) return Word();
  return cursor_.Unexpected("an expression");
}

Result<SyntaxPointer> SyntaxParser::Parenthesized() {
  const Token open = cursor_.Take();
  ARROW_RETURN_NOT_OK(RefuseSubquery());
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Expression());
  if (cursor_.AtSymbol(",")) return cursor_.Unsupported(open.span, "a row value (a, b)");
  ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  // (a).b is a field of a value, not a qualified name.
  if (node->kind == SyntaxKind::kName && cursor_.AtSymbol(".")) return Postfix(std::move(node));
  return node;
}

Status SyntaxParser::RefuseSubquery() const {
  if (!cursor_.AtWord("SELECT") && !cursor_.AtWord("WITH")) return Status::OK();
  return cursor_.Unsupported(cursor_.Peek().span, "a subquery");
}

SyntaxPointer SyntaxParser::AdjacentStrings() {
  Token first = cursor_.Take();
  while (cursor_.Peek().kind == TokenKind::kString) {
    const Token next = cursor_.Take();
    first.text += next.text;
    first.span.end = next.span.end;
  }
  return StringLiteral(first);
}

// What starts with a word: a literal, CASE, CAST, a call, or a name.
Result<SyntaxPointer> SyntaxParser::Word() {
  const Token word = cursor_.Take();
  const std::string upper = arrow::internal::AsciiToUpper(word.text);
  const bool quoted = word.kind == TokenKind::kQuotedName;
  if (cursor_.AtSymbol("(") && (quoted || upper != "CASE")) return CallSyntax(word);
  if (quoted) return NameNode(word);
  if (upper == "NULL") return MakeNode(SyntaxKind::kLiteral, word.span, "NULL");
  if (upper == "TRUE" || upper == "FALSE") {
    SyntaxPointer node = MakeNode(SyntaxKind::kLiteral, word.span, upper);
    node->type = {.kind = Kind::kBoolean};
    return node;
  }
  if (AtEndOfOperand()) return NameNode(word);  // even a keyword, where nothing follows it
  if (upper == "CASE") return CaseSyntax(word);
  if (upper == "INTERVAL" && (IsNumber(cursor_.Peek()) || cursor_.AtSymbol("-") ||
                              cursor_.Peek().kind == TokenKind::kString)) {
    return cursor_.Unsupported(word.span, "INTERVAL");
  }
  if (cursor_.Peek().kind == TokenKind::kString) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, TypedLiteral(cursor_, word, cursor_.Peek()));
    if (node == nullptr) return cursor_.Unexpected("an operator");
    cursor_.Take();
    return node;
  }
  if (std::find(kReservedWords.begin(), kReservedWords.end(), upper) != kReservedWords.end()) {
    return cursor_.Fail(word.span, ErrorCode::kExpressionSyntax,
                        fmt::format("expected an expression, found the keyword {}", upper),
                        "put a column of that name in backticks");
  }
  return NameNode(word);
}

bool SyntaxParser::AtEndOfOperand() const {
  const Token& token = cursor_.Peek();
  if (token.kind == TokenKind::kEnd) return true;
  return token.kind == TokenKind::kSymbol && token.text != "(" && token.text != "-" &&
         token.text != "+" && token.text != "!";
}

SyntaxPointer SyntaxParser::NameNode(const Token& word) {
  SyntaxPointer node = MakeNode(SyntaxKind::kName, word.span);
  node->names.push_back(word.text);
  return node;
}

SyntaxPointer SyntaxParser::StringLiteral(const Token& token) {
  SyntaxPointer node = MakeNode(SyntaxKind::kLiteral, token.span, token.text);
  node->type = {.kind = Kind::kString};
  return node;
}

Result<SyntaxPointer> SyntaxParser::CaseSyntax(const Token& word) {
  const bool simple = !cursor_.AtWord("WHEN");
  SyntaxPointer node =
      MakeNode(simple ? SyntaxKind::kSimpleCase : SyntaxKind::kCase, word.span, "CASE");
  const auto add = [this, &node]() -> Status {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer part, Expression());
    node->children.push_back(std::move(part));
    return Status::OK();
  };
  if (simple) ARROW_RETURN_NOT_OK(add());
  do {
    ARROW_RETURN_NOT_OK(cursor_.ExpectWord("WHEN"));
    ARROW_RETURN_NOT_OK(add());
    ARROW_RETURN_NOT_OK(cursor_.ExpectWord("THEN"));
    ARROW_RETURN_NOT_OK(add());
  } while (cursor_.AtWord("WHEN"));
  if (cursor_.TakeWord("ELSE")) ARROW_RETURN_NOT_OK(add());
  ARROW_RETURN_NOT_OK(cursor_.ExpectWord("END"));
  return node;
}

}  // namespace spillway::expression
