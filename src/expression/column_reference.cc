#include "expression/column_reference.h"

#include "expression/parser.h"

namespace spillway::expression {

std::string ColumnReference(std::string_view name) {
  const auto parsed = Parse(name);
  if (parsed.ok() && (*parsed)->kind == SyntaxKind::kName && (*parsed)->names.size() == 1 &&
      (*parsed)->names.front() == name) {
    return std::string(name);
  }
  return BackQuoted(name);
}

std::string BackQuoted(std::string_view name) {
  std::string quoted = "`";
  for (const char character : name) {
    if (character == '`') quoted += '`';
    quoted += character;
  }
  return quoted + '`';
}

}  // namespace spillway::expression
