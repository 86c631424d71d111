// A recursive descent over Spark's grammar in its default mode. From loose to tight: OR; AND; NOT;
// the predicates (IS, IN, BETWEEN, LIKE), one per operand; comparisons; + - ||; * / % DIV; signs;
// the postfix .field and ::type. Depth is counted in every node, so that neither this parser nor
// what walks its tree can run out of stack.
#include "expression/parser.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "expression/expression.h"
#include "expression/syntax_parser.h"

namespace spillway::expression {

struct BinaryOperator {
  std::string_view symbol;
  std::string_view function;
  int precedence;
};

namespace {

constexpr int kAdditive = 2;
constexpr int kMultiplicative = 3;

constexpr std::array<BinaryOperator, 16> kBinaryOperators = {{
    {"=", "=", kComparison},
    {"==", "=", kComparison},
    {"<=>", "<=>", kComparison},
    {"<>", "<>", kComparison},
    {"!=", "<>", kComparison},
    {"<", "<", kComparison},
    {"<=", "<=", kComparison},
    {"!>", "<=", kComparison},
    {">", ">", kComparison},
    {">=", ">=", kComparison},
    {"!<", ">=", kComparison},
    {"+", "+", kAdditive},
    {"-", "-", kAdditive},
    {"||", "||", kAdditive},
    {"*", "*", kMultiplicative},
    {"/", "/", kMultiplicative},
}};

constexpr std::array<std::string_view, 8> kUnsupportedSymbols = {"&",  "|",   "^",  "<<",
                                                                 ">>", ">>>", "->", "["};

// Joins the operands of one AND or OR chain as a balanced tree: their order, and so what is
// evaluated first, stays.
SyntaxPointer Balance(std::string_view name, const std::vector<Span>& operators,
                      std::vector<SyntaxPointer>& operands, size_t begin, size_t end) {
  if (end - begin == 1) return std::move(operands[begin]);
  const size_t middle = begin + (end - begin) / 2;
  SyntaxPointer left = Balance(name, operators, operands, begin, middle);
  SyntaxPointer right = Balance(name, operators, operands, middle, end);
  return MakeCall(operators[middle - 1], name, std::move(left), std::move(right));
}

// The levels of the tree, measured without recursion.
int Depth(const SyntaxNode& root) {
  int deepest = 0;
  std::vector<std::pair<const SyntaxNode*, int>> open = {{&root, 1}};
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    deepest = std::max(deepest, depth);
    for (const SyntaxPointer& child : node->children) open.emplace_back(child.get(), depth + 1);
  }
  return deepest;
}

}  // namespace

SyntaxPointer MakeNode(SyntaxKind kind, Span span, std::string_view text) {
  return std::make_unique<SyntaxNode>(
      SyntaxNode{.kind = kind, .span = span, .text = std::string(text)});
}

bool IsName(const Token& token) {
  return token.kind == TokenKind::kName || token.kind == TokenKind::kQuotedName;
}

bool IsNumber(const Token& token) {
  return token.kind == TokenKind::kInteger || token.kind == TokenKind::kDecimal ||
         token.kind == TokenKind::kDouble;
}

// Counts the levels of nesting that the parser itself is in.
class SyntaxParser::Level {
 public:
  explicit Level(int* depth) : depth_(depth) { ++*depth_; }
  ~Level() { --*depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int* depth_;
};

Result<SyntaxPointer> SyntaxParser::Run() {
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Expression());
  if (cursor_.Peek().kind != TokenKind::kEnd) return cursor_.Unexpected("an operator");
  if (Depth(*node) > kMaximumDepth) return TooDeep(node->span);
  return node;
}

Status SyntaxParser::TooDeep(Span span) const {
  return cursor_.Fail(
      span, ErrorCode::kExpressionSyntax,
      fmt::format("the expression is nested more than {} levels deep", kMaximumDepth),
      "split it: a later derived column may use an earlier one");
}

Result<SyntaxPointer> SyntaxParser::Expression() {
  const Level level(&depth_);
  if (depth_ > kMaximumDepth) return TooDeep(cursor_.Peek().span);
  return Chain("OR", &SyntaxParser::Conjunction);
}

Result<SyntaxPointer> SyntaxParser::Chain(std::string_view word, Rule operand) {
  std::vector<SyntaxPointer> operands;
  std::vector<Span> operators;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, (this->*operand)());
    operands.push_back(std::move(node));
    if (!cursor_.AtWord(word)) break;
    operators.push_back(cursor_.Take().span);
  }
  return Balance(word == "OR" ? "or" : "and", operators, operands, 0, operands.size());
}

Result<SyntaxPointer> SyntaxParser::Conjunction() { return Chain("AND", &SyntaxParser::Negation); }

Result<SyntaxPointer> SyntaxParser::Negation() {
  std::vector<Span> negations;
  while (cursor_.AtWord("NOT") || cursor_.AtSymbol("!")) {
    negations.push_back(cursor_.Take().span);
    if (static_cast<int>(negations.size()) + depth_ > kMaximumDepth) {
      return TooDeep(negations.back());
    }
  }
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Predicate());
  for (auto span = negations.rbegin(); span != negations.rend(); ++span) {
    node = MakeCall(*span, "not", std::move(node));
  }
  return node;
}

// An operand and the predicate behind it, if there is one.
Result<SyntaxPointer> SyntaxParser::Predicate() {
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer operand, Binary(kComparison));
  if (cursor_.AtWord("IS")) return IsPredicate(std::move(operand));
  const bool negated = cursor_.AtWord("NOT");
  const Span span = cursor_.Peek(negated ? 1 : 0).span;
  const auto take = [this, negated](std::string_view word) {
    if (!cursor_.AtWord(word, negated ? 1 : 0)) return false;
    if (negated) cursor_.Take();
    cursor_.Take();
    return true;
  };
  Result<SyntaxPointer> node = nullptr;
  if (take("BETWEEN")) {
    node = BetweenPredicate(span, std::move(operand));
  } else if (take("IN")) {
    node = InPredicate(span, std::move(operand));
  } else if (take("LIKE")) {
    node = LikePredicate(span, std::move(operand));
  } else if (take("ILIKE") || take("RLIKE") || take("REGEXP")) {
    return cursor_.Unsupported(span, "ILIKE, RLIKE or REGEXP");
  } else {
    return operand;
  }
  ARROW_RETURN_NOT_OK(node.status());
  return negated ? MakeCall(span, "not", std::move(node).ValueUnsafe()) : std::move(node);
}

Result<SyntaxPointer> SyntaxParser::IsPredicate(SyntaxPointer operand) {
  const Span span = cursor_.Take().span;
  const bool negated = cursor_.TakeWord("NOT");
  SyntaxPointer node;
  if (cursor_.TakeWord("NULL")) {
    return MakeCall(span, negated ? "isnotnull" : "isnull", std::move(operand));
  }
  if (cursor_.TakeWord("TRUE")) {
    node = MakeCall(span, "istrue", std::move(operand));
  } else if (cursor_.TakeWord("FALSE")) {
    node = MakeCall(span, "isfalse", std::move(operand));
  } else if (cursor_.TakeWord("UNKNOWN")) {
    node = MakeCall(span, "isunknown", std::move(operand));
  } else if (cursor_.TakeWord("DISTINCT")) {
    ARROW_RETURN_NOT_OK(cursor_.ExpectWord("FROM"));
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer other, Binary(kComparison));
    node = MakeCall(span, "<=>", std::move(operand), std::move(other));
    return negated ? std::move(node) : MakeCall(span, "not", std::move(node));
  } else {
    return cursor_.Unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  }
  return negated ? MakeCall(span, "not", std::move(node)) : std::move(node);
}

Result<SyntaxPointer> SyntaxParser::BetweenPredicate(Span span, SyntaxPointer operand) {
  SyntaxPointer node = MakeNode(SyntaxKind::kBetween, span, "BETWEEN");
  node->children.push_back(std::move(operand));
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer low, Binary(kComparison));
  node->children.push_back(std::move(low));
  ARROW_RETURN_NOT_OK(cursor_.ExpectWord("AND"));
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer high, Binary(kComparison));
  node->children.push_back(std::move(high));
  return node;
}

Result<SyntaxPointer> SyntaxParser::InPredicate(Span span, SyntaxPointer operand) {
  SyntaxPointer node = MakeNode(SyntaxKind::kIn, span, "IN");
  node->children.push_back(std::move(operand));
  ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol("("));
  ARROW_RETURN_NOT_OK(RefuseSubquery());
  ARROW_RETURN_NOT_OK(Arguments(node.get()));
  if (node->children.size() == 1) return cursor_.Unexpected("a value");
  return node;
}

Result<SyntaxPointer> SyntaxParser::LikePredicate(Span span, SyntaxPointer operand) {
  for (const std::string_view quantifier : {"ALL", "ANY", "SOME"}) {
    if (cursor_.AtWord(quantifier) && cursor_.AtSymbol("(", 1)) {
      return cursor_.Unsupported(span, fmt::format("LIKE {}", quantifier));
    }
  }
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer pattern, Binary(kComparison));
  SyntaxPointer node = MakeCall(span, "like", std::move(operand), std::move(pattern));
  if (!cursor_.TakeWord("ESCAPE")) return node;
  const Token escape = cursor_.Peek();
  if (escape.kind != TokenKind::kString || escape.text.size() != 1) {
    return cursor_.Unexpected("one character in quotes");
  }
  cursor_.Take();
  node->children.push_back(StringLiteral(escape));
  return node;
}

const BinaryOperator* SyntaxParser::AtBinaryOperator() const {
  static constexpr BinaryOperator kDiv = {"DIV", "div", kMultiplicative};
  static constexpr BinaryOperator kModulo = {"%", "%", kMultiplicative};
  if (cursor_.AtWord("DIV")) return &kDiv;
  if (cursor_.AtSymbol("%")) return &kModulo;
  const auto found =
      std::find_if(kBinaryOperators.begin(), kBinaryOperators.end(),
                   [this](const BinaryOperator& o) { return cursor_.AtSymbol(o.symbol); });
  return found == kBinaryOperators.end() ? nullptr : &*found;
}

// Operators of at least the precedence `lowest`, grouped from the left.
Result<SyntaxPointer> SyntaxParser::Binary(int lowest) {
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer left, Signed());
  int length = 0;
  while (const BinaryOperator* found = AtBinaryOperator()) {
    if (found->precedence < lowest) break;
    const Span span = cursor_.Take().span;
    if (++length + depth_ > kMaximumDepth) return TooDeep(span);
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer right, Binary(found->precedence + 1));
    left = MakeCall(span, found->function, std::move(left), std::move(right));
  }
  return RefuseOperator(std::move(left));
}

Result<SyntaxPointer> SyntaxParser::RefuseOperator(SyntaxPointer node) const {
  for (const std::string_view symbol : kUnsupportedSymbols) {
    if (!cursor_.AtSymbol(symbol)) continue;
    return cursor_.Unsupported(cursor_.Peek().span, fmt::format("the operator {}", symbol));
  }
  return node;
}

Result<SyntaxPointer> SyntaxParser::Signed() {
  std::vector<Token> signs;
  while (cursor_.AtSymbol("-") || cursor_.AtSymbol("+")) {
    if (cursor_.AtSymbol("-") && IsNumber(cursor_.Peek(1))) break;
    signs.push_back(cursor_.Take());
    if (static_cast<int>(signs.size()) + depth_ > kMaximumDepth) {
      return TooDeep(signs.back().span);
    }
  }
  if (cursor_.AtSymbol("~")) return cursor_.Unsupported(cursor_.Peek().span, "the operator ~");
  ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Primary());
  ARROW_ASSIGN_OR_RAISE(node, Postfix(std::move(node)));
  for (auto sign = signs.rbegin(); sign != signs.rend(); ++sign) {
    node = MakeCall(sign->span, sign->text == "-" ? "negative" : "positive", std::move(node));
  }
  return node;
}

Result<SyntaxPointer> Parse(std::string_view text) {
  if (static_cast<int64_t>(text.size()) > kMaximumTextBytes) {
    return ErrorAt(
        text, {},
        {.code = ErrorCode::kExpressionSyntax,
         .what = fmt::format("the expression is longer than {} KiB", kMaximumTextBytes / 1024),
         .cure = "split it: a later derived column may use an earlier one"});
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Tokenize(text));
  return SyntaxParser(text, std::move(tokens)).Run();
}

}  // namespace spillway::expression
