#include <array>
#include <optional>
#include <string>
#include <utility>

#include <arrow/util/string.h>
#include <fmt/format.h>

#include "expression/syntax_parser.h"

namespace spillway::expression {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTrimOptions = {
    {{"BOTH", "trim"}, {"LEADING", "ltrim"}, {"TRAILING", "rtrim"}}};

}  // namespace

Result<SyntaxPointer> SyntaxParser::CallSyntax(const Token& word) {
  cursor_.Take();  // (
  const std::string upper = arrow::internal::AsciiToUpper(word.text);
  if (upper == "CAST" || upper == "TRY_CAST") return CastSyntax(word, upper == "CAST");
  if (upper == "TRIM") {
    for (const auto& [option, function] : kTrimOptions) {
      if (cursor_.AtWord(option) && !cursor_.AtSymbol(")", 1) && !cursor_.AtSymbol(",", 1)) {
        return TrimSyntax(word.span, function);
      }
    }
  }
  if (upper == "TRIM" && !cursor_.AtSymbol(")")) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer first, Expression());
    return TrimArguments(word.span, std::move(first));
  }
  for (const std::string_view form : {"EXTRACT", "POSITION", "OVERLAY", "EXISTS"}) {
    if (upper == form) return cursor_.Unsupported(word.span, form);
  }
  ARROW_RETURN_NOT_OK(RefuseSubquery());
  SyntaxPointer call =
      MakeNode(SyntaxKind::kCall, word.span, arrow::internal::AsciiToLower(word.text));
  if (upper == "SUBSTRING" || upper == "SUBSTR") return SubstringSyntax(std::move(call));
  ARROW_RETURN_NOT_OK(Arguments(call.get()));
  if (cursor_.AtWord("OVER") || cursor_.AtWord("FILTER")) {
    return cursor_.Unsupported(cursor_.Peek().span, "an aggregate or window function");
  }
  return call;
}

Result<SyntaxPointer> SyntaxParser::TrimSyntax(Span span, std::string_view function) {
  cursor_.Take();  // BOTH, LEADING or TRAILING
  SyntaxPointer call = MakeNode(SyntaxKind::kCall, span, function);
  if (!cursor_.AtWord("FROM")) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer characters, Binary(kComparison));
    call->children.push_back(std::move(characters));
  }
  ARROW_RETURN_NOT_OK(cursor_.ExpectWord("FROM"));
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer source, Binary(kComparison));
  call->children.push_back(std::move(source));
  ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  return call;
}

// trim(text), trim(characters, text) or trim(characters FROM text), behind the first.
Result<SyntaxPointer> SyntaxParser::TrimArguments(Span span, SyntaxPointer first) {
  SyntaxPointer call = MakeCall(span, "trim", std::move(first));
  if (cursor_.TakeWord("FROM")) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer source, Binary(kComparison));
    call->children.push_back(std::move(source));
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  } else if (cursor_.TakeSymbol(",")) {
    ARROW_RETURN_NOT_OK(Arguments(call.get()));
  } else {
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  }
  return call;
}

// substring(a, b[, c]) or substring(a FROM b [FOR c]).
Result<SyntaxPointer> SyntaxParser::SubstringSyntax(SyntaxPointer call) {
  if (cursor_.AtSymbol(")")) {
    cursor_.Take();
    return call;
  }
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer source, Expression());
  call->children.push_back(std::move(source));
  if (!cursor_.TakeWord("FROM")) {
    if (cursor_.TakeSymbol(",")) {
      ARROW_RETURN_NOT_OK(Arguments(call.get()));
    } else {
      ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
    }
    return call;
  }
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer start, Binary(kComparison));
  call->children.push_back(std::move(start));
  if (cursor_.TakeWord("FOR")) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer length, Binary(kComparison));
    call->children.push_back(std::move(length));
  }
  ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  return call;
}

// The expressions up to the closing parenthesis, which is taken.
Status SyntaxParser::Arguments(SyntaxNode* parent) {
  if (cursor_.TakeSymbol(")")) return Status::OK();
  do {
    if (cursor_.AtWord("DISTINCT") || cursor_.AtSymbol("*")) {
      return cursor_.Unsupported(cursor_.Peek().span, "an aggregate function");
    }
    if (cursor_.AtSymbol("=>", 1)) {
      return cursor_.Unsupported(cursor_.Peek().span, "a named argument");
    }
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer argument, Expression());
    parent->children.push_back(std::move(argument));
  } while (cursor_.TakeSymbol(","));
  return cursor_.ExpectSymbol(")");
}

Result<SyntaxPointer> SyntaxParser::CastSyntax(const Token& word, bool strict) {
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer operand, Expression());
  ARROW_RETURN_NOT_OK(cursor_.ExpectWord("AS"));
  ARROW_ASSIGN_OR_RAISE(
      SyntaxPointer node,
      CastTo(strict ? SyntaxKind::kCast : SyntaxKind::kTryCast, word.span, std::move(operand)));
  ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  return node;
}

Result<int> SyntaxParser::TypeParameter() {
  const Token token = cursor_.Peek();
  if (token.kind != TokenKind::kInteger || token.text.size() > 9 || !token.suffix.empty()) {
    return cursor_.Unexpected("a whole number");
  }
  cursor_.Take();
  return std::stoi(token.text);
}

Result<SyntaxPointer> SyntaxParser::CastTo(SyntaxKind kind, Span span, SyntaxPointer operand) {
  if (cursor_.Peek().kind != TokenKind::kName) return cursor_.Unexpected("a type");
  Token name = cursor_.Take();
  int precision = -1;
  int scale = -1;
  if (cursor_.TakeSymbol("(")) {
    ARROW_ASSIGN_OR_RAISE(precision, TypeParameter());
    if (cursor_.TakeSymbol(",")) {
      ARROW_ASSIGN_OR_RAISE(scale, TypeParameter());
    }
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
  }
  for (const std::string_view word :
       {"ARRAY", "MAP", "STRUCT", "INTERVAL", "VARIANT", "TIME", "GEOMETRY", "GEOGRAPHY"}) {
    if (!arrow::internal::AsciiEqualsCaseInsensitive(name.text, word)) continue;
    return cursor_.Unsupported(name.span, fmt::format("the type {}", word));
  }
  const std::optional<ValueType> type = TypeByName(name.text, precision, scale);
  if (!type) {
    return cursor_.Fail(name.span, ErrorCode::kExpressionSyntax,
                        fmt::format("{} is not a type, or not with these parameters",
                                    arrow::internal::AsciiToUpper(name.text)),
                        "use BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, "
                        "DECIMAL(p, s), STRING, BINARY, DATE, TIMESTAMP or TIMESTAMP_NTZ");
  }
  SyntaxPointer node = MakeNode(kind, span, name.text);
  node->type = *type;
  node->children.push_back(std::move(operand));
  return node;
}

}  // namespace spillway::expression
