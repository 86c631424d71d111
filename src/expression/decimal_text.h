// Decimals as text, as java.math.BigDecimal reads and Spark writes them.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "expression/decimal_math.h"

namespace spillway::expression {

// A decimal number of any size, reduced to what a cast to decimal(38, s) may need of it.
struct ParsedDecimal {
  bool negative = false;
  std::string digits;  // without leading zeros; the value is digits / 10^scale
  int64_t scale = 0;   // may be negative here: 1E5 is 1 at scale -5
  int precision = 0;   // Spark's: at least the scale
};

// Reads an optional sign, digits with an optional point, and an optional exponent; nothing else.
std::optional<ParsedDecimal> ParseDecimal(std::string_view text);

// The value at decimal(precision, scale), rounded half up; false if it does not fit.
bool ToDecimal(const ParsedDecimal& parsed, int precision, int scale, Int128* out);

// "-12.50": all digits of the scale, no exponent. Returns the end of the text; needs 42 bytes.
char* FormatDecimal(Int128 value, int scale, char* out);
std::string FormatDecimal(Int128 value, int scale);

}  // namespace spillway::expression
