// The value of a quoted string of Spark SQL.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>

namespace spillway::expression {

// The value of `body`, the text between two `quote` marks: a doubled mark is one, and backslash
// escapes stand for what Spark takes them for: \n \t \r \b \0 \Z, \123 (octal, below 128), \u20AC,
// \U0001F600; \% and \_ keep their backslash (LIKE reads it); any other character stands for
// itself.
std::string UnescapeString(std::string_view body, char quote);

}  // namespace spillway::expression
