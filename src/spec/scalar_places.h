// Finds where the characters of a YAML scalar stand in the document's text: the text that YAML
// gives has lost quotes, escapes, indentation and line breaks.
//
// Thread rule: free functions without state.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "spec/located_text.h"

namespace spillway::spec {

struct ScalarPlaces {
  std::vector<TextAnchor> anchors;  // of the scalar's value, the first at 0
  bool closed = true;               // false: it begins with a quote and no quote ends it
};

// Places of `value`, the value of the scalar that begins at byte `begin` (at `line`:`column`) of
// `document`, whose line ends are LF. O(length of the scalar in the document).
ScalarPlaces FindScalarPlaces(std::string_view document, size_t begin, int line, int column,
                              std::string_view value);

}  // namespace spillway::spec
