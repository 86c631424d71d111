// The recursive descent behind Parse: one method for each rule of the grammar. Depth is counted on
// the way down, so that the parser cannot run out of stack; Parse then measures the tree that it
// made.
//
// Thread rule: one thread, one text.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "expression/syntax_tree.h"
#include "expression/token_cursor.h"

namespace spillway::expression {

struct BinaryOperator;

// The precedence of comparisons, the loosest of the operators that Binary takes.
inline constexpr int kComparison = 1;

SyntaxPointer MakeNode(SyntaxKind kind, Span span, std::string_view text = {});

template <typename... Nodes>
SyntaxPointer MakeCall(Span span, std::string_view name, Nodes... arguments) {
  SyntaxPointer call = MakeNode(SyntaxKind::kCall, span, name);
  (call->children.push_back(std::move(arguments)), ...);
  return call;
}

// True for an identifier, with back quotes or without; for a number of any form.
bool IsName(const Token& token);
bool IsNumber(const Token& token);

class SyntaxParser {
 public:
  SyntaxParser(std::string_view text, std::vector<Token> tokens)
      : cursor_(text, std::move(tokens)) {}

  // The tree of the whole text.
  Result<SyntaxPointer> Run();

 private:
  class Level;
  using Rule = Result<SyntaxPointer> (SyntaxParser::*)();

  // parser.cc: operators and predicates, from loose to tight.
  Status TooDeep(Span span) const;
  Result<SyntaxPointer> Expression();
  Result<SyntaxPointer> Negation();
  // An operand and the predicate behind it, if there is one.
  Result<SyntaxPointer> Predicate();
  Result<SyntaxPointer> IsPredicate(SyntaxPointer operand);
  Result<SyntaxPointer> BetweenPredicate(Span span, SyntaxPointer operand);
  Result<SyntaxPointer> InPredicate(Span span, SyntaxPointer operand);
  Result<SyntaxPointer> LikePredicate(Span span, SyntaxPointer operand);
  const BinaryOperator* AtBinaryOperator() const;
  // Operators of at least the precedence `lowest`, grouped from the left.
  Result<SyntaxPointer> Binary(int lowest);
  Result<SyntaxPointer> RefuseOperator(SyntaxPointer node) const;
  Result<SyntaxPointer> Signed();
  // The operands of a chain of AND or OR, joined.
  Result<SyntaxPointer> Chain(std::string_view word, Rule operand);
  Result<SyntaxPointer> Conjunction();

  // operand_parser.cc: literals, names, CASE, and what follows an operand directly.
  Result<SyntaxPointer> Postfix(SyntaxPointer node);
  Result<SyntaxPointer> Primary();
  Result<SyntaxPointer> Parenthesized();
  Status RefuseSubquery() const;
  SyntaxPointer AdjacentStrings();
  // What starts with a word: a literal, CASE, CAST, a call, or a name.
  Result<SyntaxPointer> Word();
  bool AtEndOfOperand() const;
  static SyntaxPointer NameNode(const Token& word);
  static SyntaxPointer StringLiteral(const Token& token);
  Result<SyntaxPointer> CaseSyntax(const Token& word);

  // call_parser.cc: functions and casts, once the parenthesis is open.
  Result<SyntaxPointer> CallSyntax(const Token& word);
  Result<SyntaxPointer> TrimSyntax(Span span, std::string_view function);
  // trim(text), trim(characters, text) or trim(characters FROM text), behind the first.
  Result<SyntaxPointer> TrimArguments(Span span, SyntaxPointer first);
  // substring(a, b[, c]) or substring(a FROM b [FOR c]).
  Result<SyntaxPointer> SubstringSyntax(SyntaxPointer call);
  // The expressions up to the closing parenthesis, which is taken.
  Status Arguments(SyntaxNode* parent);
  Result<SyntaxPointer> CastSyntax(const Token& word, bool strict);
  Result<int> TypeParameter();
  Result<SyntaxPointer> CastTo(SyntaxKind kind, Span span, SyntaxPointer operand);

  TokenCursor cursor_;
  int depth_ = 0;
};

}  // namespace spillway::expression
