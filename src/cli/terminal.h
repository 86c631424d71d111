// What standard error can show: whether it is a terminal, how wide, and whether in colour.
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

enum class Style { kBold, kRed, kGreen, kYellow, kDim };

// `text` in that style, or as it is where there is no colour.
std::string Styled(const Terminal& terminal, Style style, std::string_view text);

// The first `columns` characters of UTF-8 `text`.
std::string Fit(std::string_view text, int columns);

}  // namespace spillway::cli
