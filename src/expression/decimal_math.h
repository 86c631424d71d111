// Exact decimal arithmetic on unscaled 128-bit integers, rounded half up as Spark rounds.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <arrow/util/decimal.h>

namespace spillway::expression {

using Int128 = __int128;
using UInt128 = unsigned __int128;

inline Int128 ToInt128(const arrow::Decimal128& value) {
  return static_cast<Int128>(
      (static_cast<UInt128>(static_cast<uint64_t>(value.high_bits())) << 64) | value.low_bits());
}

inline arrow::Decimal128 FromInt128(Int128 value) {
  return arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
}

// 10^exponent, 0 <= exponent <= 38.
Int128 PowerOfTen(int exponent);

// True if `value` has at most `precision` digits.
inline bool FitsPrecision(Int128 value, int precision) {
  const Int128 limit = PowerOfTen(precision);
  return value < limit && value > -limit;
}

enum class Rounding : uint8_t { kHalfUp, kDown, kFloor, kCeiling };

// value / 10^digits, rounded; any digits >= 0.
Int128 DivideByPower(Int128 value, int digits, Rounding rounding);

// Each computes a result of decimal(precision, scale) and returns false if it does not fit. Scales
// of the operands follow them.
bool Rescale(Int128 value, int from_scale, int precision, int scale, Int128* out);
bool AddDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                 int scale, Int128* out);
bool MultiplyDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                      int scale, Int128* out);
// `right` is not zero.
bool DivideDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                    int scale, Int128* out);
bool RemainderOfDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                         int scale, Int128* out);
// -value. Spark's negation keeps 34 digits, half even, and so does this; what rounds up to more
// than `precision` digits does not fit.
bool NegateDecimal(Int128 value, int precision, Int128* out);
// The quotient without its fraction, its low 64 bits as BigDecimal.longValue gives them.
int64_t QuotientOfDecimals(Int128 left, int left_scale, Int128 right, int right_scale);

}  // namespace spillway::expression
