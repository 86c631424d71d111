// A recursive descent over Spark's grammar in its default mode. From loose to tight: OR; AND; NOT;
// the predicates (IS, IN, BETWEEN, LIKE), one per operand; comparisons; + - ||; * / % DIV; signs;
// the postfix .field and ::type. Depth is counted in every node, so that neither this parser nor
// what walks its tree can run out of stack.
#include "expression/parser.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <arrow/util/string.h>
#include <fmt/format.h>

#include "expression/expression.h"
#include "expression/literal_syntax.h"
#include "expression/token_cursor.h"

namespace spillway::expression {
namespace {

constexpr int kComparison = 1;
constexpr int kAdditive = 2;
constexpr int kMultiplicative = 3;

struct BinaryOperator {
  std::string_view symbol;
  std::string_view function;
  int precedence;
};

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

// Words that cannot be a column's name without back quotes where an operand is wanted.
constexpr std::array<std::string_view, 14> kReservedWords = {
    "AND",  "OR",   "BETWEEN", "IN",   "IS",    "LIKE", "WHEN",
    "THEN", "ELSE", "END",     "FROM", "WHERE", "AS",   "DISTINCT"};

SyntaxPointer MakeNode(SyntaxKind kind, Span span, std::string_view text = {}) {
  return std::make_unique<SyntaxNode>(
      SyntaxNode{.kind = kind, .span = span, .text = std::string(text)});
}

template <typename... Nodes>
SyntaxPointer MakeCall(Span span, std::string_view name, Nodes... arguments) {
  SyntaxPointer call = MakeNode(SyntaxKind::kCall, span, name);
  (call->children.push_back(std::move(arguments)), ...);
  return call;
}

bool IsName(const Token& token) {
  return token.kind == TokenKind::kName || token.kind == TokenKind::kQuotedName;
}

bool IsNumber(const Token& token) {
  return token.kind == TokenKind::kInteger || token.kind == TokenKind::kDecimal ||
         token.kind == TokenKind::kDouble;
}

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

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : cursor_(text, std::move(tokens)) {}

  Result<SyntaxPointer> Run() {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Expression());
    if (cursor_.Peek().kind != TokenKind::kEnd) return cursor_.Unexpected("an operator");
    if (Depth(*node) > kMaximumDepth) return TooDeep(node->span);
    return node;
  }

 private:
  // Counts the levels of nesting that the parser itself is in.
  class Level {
   public:
    explicit Level(int* depth) : depth_(depth) { ++*depth_; }
    ~Level() { --*depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int* depth_;
  };

  Status TooDeep(Span span) const {
    return cursor_.Fail(
        span, ErrorCode::kExpressionSyntax,
        fmt::format("the expression is nested more than {} levels deep", kMaximumDepth),
        "split it: a later derived column may use an earlier one");
  }

  Result<SyntaxPointer> Expression() {
    const Level level(&depth_);
    if (depth_ > kMaximumDepth) return TooDeep(cursor_.Peek().span);
    return Chain("OR", [this] { return Chain("AND", [this] { return Negation(); }); });
  }

  template <typename Operand>
  Result<SyntaxPointer> Chain(std::string_view word, Operand operand) {
    std::vector<SyntaxPointer> operands;
    std::vector<Span> operators;
    do {
      ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, operand());
      operands.push_back(std::move(node));
      if (!cursor_.AtWord(word)) break;
      operators.push_back(cursor_.Take().span);
    } while (true);
    return Balance(word == "OR" ? "or" : "and", operators, operands, 0, operands.size());
  }

  Result<SyntaxPointer> Negation() {
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
  Result<SyntaxPointer> Predicate() {
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

  Result<SyntaxPointer> IsPredicate(SyntaxPointer operand) {
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

  Result<SyntaxPointer> BetweenPredicate(Span span, SyntaxPointer operand) {
    SyntaxPointer node = MakeNode(SyntaxKind::kBetween, span, "BETWEEN");
    node->children.push_back(std::move(operand));
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer low, Binary(kComparison));
    node->children.push_back(std::move(low));
    ARROW_RETURN_NOT_OK(cursor_.ExpectWord("AND"));
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer high, Binary(kComparison));
    node->children.push_back(std::move(high));
    return node;
  }

  Result<SyntaxPointer> InPredicate(Span span, SyntaxPointer operand) {
    SyntaxPointer node = MakeNode(SyntaxKind::kIn, span, "IN");
    node->children.push_back(std::move(operand));
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol("("));
    ARROW_RETURN_NOT_OK(RefuseSubquery());
    ARROW_RETURN_NOT_OK(Arguments(node.get()));
    if (node->children.size() == 1) return cursor_.Unexpected("a value");
    return node;
  }

  Result<SyntaxPointer> LikePredicate(Span span, SyntaxPointer operand) {
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

  static SyntaxPointer StringLiteral(const Token& token) {
    SyntaxPointer node = MakeNode(SyntaxKind::kLiteral, token.span, token.text);
    node->type = {.kind = Kind::kString};
    return node;
  }

  const BinaryOperator* AtBinaryOperator() const {
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
  Result<SyntaxPointer> Binary(int lowest) {
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

  Result<SyntaxPointer> RefuseOperator(SyntaxPointer node) const {
    for (const std::string_view symbol : kUnsupportedSymbols) {
      if (!cursor_.AtSymbol(symbol)) continue;
      return cursor_.Unsupported(cursor_.Peek().span, fmt::format("the operator {}", symbol));
    }
    return node;
  }

  Result<SyntaxPointer> Signed() {
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

  Result<SyntaxPointer> Postfix(SyntaxPointer node) {
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

  Result<SyntaxPointer> Primary() {
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

  Result<SyntaxPointer> Parenthesized() {
    const Token open = cursor_.Take();
    ARROW_RETURN_NOT_OK(RefuseSubquery());
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer node, Expression());
    if (cursor_.AtSymbol(",")) return cursor_.Unsupported(open.span, "a row value (a, b)");
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
    // (a).b is a field of a value, not a qualified name.
    if (node->kind == SyntaxKind::kName && cursor_.AtSymbol(".")) return Postfix(std::move(node));
    return node;
  }

  Status RefuseSubquery() const {
    if (!cursor_.AtWord("SELECT") && !cursor_.AtWord("WITH")) return Status::OK();
    return cursor_.Unsupported(cursor_.Peek().span, "a subquery");
  }

  SyntaxPointer AdjacentStrings() {
    Token first = cursor_.Take();
    while (cursor_.Peek().kind == TokenKind::kString) {
      const Token next = cursor_.Take();
      first.text += next.text;
      first.span.end = next.span.end;
    }
    return StringLiteral(first);
  }

  // What starts with a word: a literal, CASE, CAST, a call, or a name.
  Result<SyntaxPointer> Word() {
    const Token word = cursor_.Take();
    if (cursor_.AtSymbol("(")) return CallSyntax(word);
    if (word.kind == TokenKind::kQuotedName) return NameNode(word);
    const std::string upper = arrow::internal::AsciiToUpper(word.text);
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
                          "a column of that name wants back quotes");
    }
    return NameNode(word);
  }

  bool AtEndOfOperand() const {
    const Token& token = cursor_.Peek();
    if (token.kind == TokenKind::kEnd) return true;
    return token.kind == TokenKind::kSymbol && token.text != "(" && token.text != "-" &&
           token.text != "+" && token.text != "!";
  }

  static SyntaxPointer NameNode(const Token& word) {
    SyntaxPointer node = MakeNode(SyntaxKind::kName, word.span);
    node->names.push_back(word.text);
    return node;
  }

  Result<SyntaxPointer> CaseSyntax(const Token& word) {
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

  Result<SyntaxPointer> CallSyntax(const Token& word) {
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

  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kTrimOptions = {
      {{"BOTH", "trim"}, {"LEADING", "ltrim"}, {"TRAILING", "rtrim"}}};

  Result<SyntaxPointer> TrimSyntax(Span span, std::string_view function) {
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
  Result<SyntaxPointer> TrimArguments(Span span, SyntaxPointer first) {
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
  Result<SyntaxPointer> SubstringSyntax(SyntaxPointer call) {
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
  Status Arguments(SyntaxNode* parent) {
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

  Result<SyntaxPointer> CastSyntax(const Token& word, bool strict) {
    ARROW_ASSIGN_OR_RAISE(SyntaxPointer operand, Expression());
    ARROW_RETURN_NOT_OK(cursor_.ExpectWord("AS"));
    ARROW_ASSIGN_OR_RAISE(
        SyntaxPointer node,
        CastTo(strict ? SyntaxKind::kCast : SyntaxKind::kTryCast, word.span, std::move(operand)));
    ARROW_RETURN_NOT_OK(cursor_.ExpectSymbol(")"));
    return node;
  }

  Result<int> TypeParameter() {
    const Token token = cursor_.Peek();
    if (token.kind != TokenKind::kInteger || token.text.size() > 9 || !token.suffix.empty()) {
      return cursor_.Unexpected("a whole number");
    }
    cursor_.Take();
    return std::stoi(token.text);
  }

  Result<SyntaxPointer> CastTo(SyntaxKind kind, Span span, SyntaxPointer operand) {
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

  TokenCursor cursor_;
  int depth_ = 0;
};

}  // namespace

Result<SyntaxPointer> Parse(std::string_view text) {
  if (static_cast<int64_t>(text.size()) > kMaximumTextBytes) {
    return ErrorAt(
        text, {},
        {.code = ErrorCode::kExpressionSyntax,
         .what = fmt::format("the expression is longer than {} KiB", kMaximumTextBytes / 1024),
         .cure = "split it: a later derived column may use an earlier one"});
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Tokenize(text));
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace spillway::expression
