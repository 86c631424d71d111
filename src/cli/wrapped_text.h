// Text cut into lines that fit a terminal.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>

namespace spillway::cli {

// `text` in lines of at most `columns` characters of UTF-8, cut at blanks, each behind `indent`
// blanks and with a line break. A word that is longer than a line has one of its own. Line breaks
// in `text` stay, and so do the blanks at the beginning of a line.
std::string Wrapped(std::string_view text, int columns, int indent = 0);

// The number of characters of UTF-8 `text`.
int Width(std::string_view text);

// Two columns: `term` behind two blanks, and `text` wrapped beside it, from column `text_column`;
// `text` does not begin with a line break. A term that is too long for that, or a terminal too
// narrow for two columns, has the text below.
std::string TermAndText(std::string_view term, std::string_view text, int columns, int text_column);

}  // namespace spillway::cli
