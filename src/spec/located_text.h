// A piece of text that a user wrote, and where each of its characters stands. The binder of
// expressions reports an offset into the text; Where() turns it into file:line:column, although
// YAML has folded lines and variables have been substituted in between.
//
// Thread rule: a plain value.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace spillway::spec {

// From byte `offset` of the text on, characters stand at `line`:`column` and to the right of it,
// or, where `fixed`, all at that place (they came from a variable). Lines and columns count from 1,
// columns in characters.
struct TextAnchor {
  size_t offset = 0;
  int line = 1;
  int column = 1;
  bool fixed = false;
};

// Bytes [begin, end) of the text came from the string variable `name`, and may be a secret.
struct VariablePart {
  size_t begin = 0;
  size_t end = 0;
  std::string name;
};

struct LocatedText {
  std::string text;
  std::string origin;               // "silver.yaml", "--set where", "environment SPILLWAY_WHERE"
  bool in_file = true;              // false: from the command line or the environment
  std::vector<TextAnchor> anchors;  // by offset, the first at 0
  std::vector<VariablePart> variable_parts = {};  // by offset

  // The text with ${name} where a string variable's value stands.
  std::string WithVariableNames() const;

  // The place of the character at byte `offset`; an offset beyond the end means the end.
  TextAnchor PlaceOf(size_t offset) const;

  // "silver.yaml:12:3", or "--set where, character 4" for text that is not in the file.
  std::string Where(size_t offset = 0) const;
};

}  // namespace spillway::spec
