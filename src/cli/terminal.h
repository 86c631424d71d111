// What standard error can show: whether it is a terminal, how wide, and whether in colour; and how
// wide standard output is.
//
// Thread rule: immutable values.
#pragma once

#include <string>
#include <string_view>

namespace spillway::cli {

struct Terminal {
  bool interactive = false;  // a person is looking: a bar may be drawn over
  bool color = false;
  int columns = 80;
};

// Looks at standard error, and at NO_COLOR and TERM.
Terminal DetectTerminal();

// In how many columns text for standard output is set: those of the terminal, at most 100; 80 where
// it is none.
int TextColumns();

enum class Style { kRed, kYellow };

// `text` in that style, or as it is where there is no colour.
std::string Styled(const Terminal& terminal, Style style, std::string_view text);

// The first `columns` characters of UTF-8 `text`.
std::string Fit(std::string_view text, int columns);

}  // namespace spillway::cli
