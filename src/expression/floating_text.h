// Floating-point numbers as text, as Java reads and writes them.
//
// Thread rule: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spillway::expression {

// Double.toString and Float.toString of Java 17: from 0.001 up to 10^7 with a point ("12.0"), else
// as "1.0E10"; "NaN", "Infinity". Returns the end of the text; needs 32 bytes.
char* FormatDouble(double value, char* out);
char* FormatFloat(float value, char* out);
std::string FormatDouble(double value);

// What CAST to DOUBLE or FLOAT accepts: Double.parseDouble's forms (blanks around it, a suffix d or
// f, hexadecimal), and inf, infinity and nan in any case.
std::optional<double> ParseDouble(std::string_view text);
std::optional<float> ParseFloat(std::string_view text);

}  // namespace spillway::expression
