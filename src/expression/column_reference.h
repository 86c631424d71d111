// A column's name as an expression has to write it.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>

namespace spillway::expression {

// `name` as it stands where it is a name in Spark SQL; else (blanks, signs, reserved words) in back
// quotes.
std::string ColumnReference(std::string_view name);

// `name` in back quotes, as Spark SQL reads any name.
std::string BackQuoted(std::string_view name);

}  // namespace spillway::expression
