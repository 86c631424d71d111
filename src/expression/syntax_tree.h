// What the parser makes of an expression's text. Operators, predicates and functions are all calls:
// `a + b` is the call "+", `a IS NOT NULL` the call "isnotnull". Forms with rules of their own
// about what is evaluated (CASE, CAST, IN) have their own kinds.
//
// Thread rule: plain data; one thread while it is built, immutable afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expression/source_text.h"
#include "expression/value_type.h"

namespace spillway::expression {

enum class SyntaxKind : uint8_t {
  kLiteral,     // `text` of type `type`: its value as CAST reads it; kNull for NULL
  kName,        // `names`: a column and the fields below it
  kField,       // children[0].`text`
  kCall,        // `text`(children...)
  kCase,        // WHEN condition THEN value pairs, then ELSE's value if the count is odd
  kSimpleCase,  // children[0] is the operand, the others as in kCase
  kCast,        // children[0] to `type`
  kTryCast,     // the same, NULL where the cast fails
  kIn,          // children[0] IN (the others)
  kBetween,     // children[0] BETWEEN children[1] AND children[2]
};

struct SyntaxNode;
using SyntaxPointer = std::unique_ptr<SyntaxNode>;

struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::kLiteral;
  Span span;  // where errors about this node point
  std::string text = {};
  std::vector<std::string> names = {};
  ValueType type = {};
  std::vector<SyntaxPointer> children = {};
};

}  // namespace spillway::expression
