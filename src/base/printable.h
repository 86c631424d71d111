// Text of tables and files as a terminal may have it: their names and contents are written by
// others, and a terminal takes control characters for commands.
//
// Thread rule: a free function without state.
#pragma once

#include <string>
#include <string_view>

namespace spillway {

// `text` with its control characters but line breaks and tabs written as \x1b; those of Unicode's
// second range (U+0080 to U+009F, as UTF-8) too.
std::string Printable(std::string_view text);

}  // namespace spillway
