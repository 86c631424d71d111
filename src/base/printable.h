// Text of tables and files as a terminal may have it: their names and contents are written by
// others, and a terminal takes control characters for commands. Characters that cannot be seen, or
// that turn the direction of text around, make one name look like another.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>

namespace spillway {

// `text` with its control characters, but line breaks and tabs, written as \x1b (U+0080 to U+009F
// too, and bytes that are not UTF-8), and Unicode's format characters (those of bidirectional text,
// of no width, line and paragraph separators, tags) as \u202e or \U000e0041.
std::string Printable(std::string_view text);

// Likewise `json`, which is valid JSON, as valid JSON of the same value: all is \u202e, and beyond
// U+FFFF two of these.
std::string PrintableJson(std::string_view json);

}  // namespace spillway
