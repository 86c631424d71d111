// Values that stay inside 128 bits are computed there; what might leave them goes on as sign and
// 256-bit magnitude, which hold every exact intermediate: two operands below 10^38, multiplied, or
// raised by at most 38 digits.
#include "expression/decimal_math.h"

#include <array>

#include "expression/wide_integer.h"

namespace spillway::expression {
namespace {

constexpr int kLargestPower = 38;
constexpr int kNegationDigits = 34;

constexpr std::array<Int128, kLargestPower + 1> MakePowers() {
  std::array<Int128, kLargestPower + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}

constexpr std::array<Int128, kLargestPower + 1> kPowers = MakePowers();

Int128 Magnitude(Int128 value) { return value < 0 ? -value : value; }

UInt128 Power(int exponent) { return static_cast<UInt128>(kPowers[static_cast<size_t>(exponent)]); }

// value * 10^digits, 0 <= digits <= 38.
WideInteger Raised(Int128 value, int digits) {
  return WideInteger::Product(static_cast<UInt128>(Magnitude(value)), Power(digits));
}

// The number with this magnitude and sign, if it has at most `precision` digits.
bool Narrow(const WideInteger& magnitude, bool negative, int precision, Int128* out) {
  if (magnitude.high != 0 || magnitude.low >= Power(precision)) return false;
  *out = negative ? -static_cast<Int128>(magnitude.low) : static_cast<Int128>(magnitude.low);
  return true;
}

WideInteger DivideHalfUp(const WideInteger& dividend, const WideInteger& divisor) {
  WideInteger rest;
  const WideInteger quotient = dividend.DivideBy(divisor, &rest);
  return rest.Doubled() < divisor ? quotient : quotient + WideInteger{.low = 1};
}

// A magnitude of scale `from_scale`, at `scale`.
bool RescaleWide(WideInteger value, bool negative, int from_scale, int precision, int scale,
                 Int128* out) {
  int digits = from_scale - scale;
  if (digits < 0) {
    // What is raised stays below 10^38 or does not fit anyway.
    if (-digits > kLargestPower || value.high != 0 || value.low >= Power(kLargestPower)) {
      return value == WideInteger{} ? (*out = 0, true) : false;
    }
    return Narrow(WideInteger::Product(value.low, Power(-digits)), negative, precision, out);
  }
  // All but the last 38 digits are cut first, which cannot change a half.
  WideInteger rest;
  if (digits > kLargestPower) {
    value = value.DivideBy({.low = Power(digits - kLargestPower)}, &rest);
    digits = kLargestPower;
  }
  return Narrow(DivideHalfUp(value, {.low = Power(digits)}), negative, precision, out);
}

bool MultiplyFits(Int128 value, int digits, Int128* out) {
  return digits <= kLargestPower &&
         !__builtin_mul_overflow(value, kPowers[static_cast<size_t>(digits)], out);
}

// Both operands at the larger scale, in 128 bits.
bool AlignFits(Int128* left, int left_scale, Int128* right, int right_scale) {
  if (left_scale < right_scale) return MultiplyFits(*left, right_scale - left_scale, left);
  return MultiplyFits(*right, left_scale - right_scale, right);
}

// Both magnitudes at the larger scale.
void AlignWide(Int128 left, int left_scale, Int128 right, int right_scale, WideInteger* wide_left,
               WideInteger* wide_right) {
  const int more = right_scale - left_scale;
  *wide_left = Raised(left, more > 0 ? more : 0);
  *wide_right = Raised(right, more < 0 ? -more : 0);
}

int LargerScale(int left, int right) { return left > right ? left : right; }

}  // namespace

Int128 PowerOfTen(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

Int128 DivideByPower(Int128 value, int digits, Rounding rounding) {
  if (digits == 0) return value;
  const bool vanishes = digits > kLargestPower;
  const Int128 power = vanishes ? 0 : kPowers[static_cast<size_t>(digits)];
  const Int128 quotient = vanishes ? 0 : value / power;
  const Int128 rest = vanishes ? value : value % power;
  switch (rounding) {
    case Rounding::kHalfUp: {
      const Int128 size = Magnitude(rest);
      if (vanishes || size < power - size) return quotient;
      return quotient + (value < 0 ? -1 : 1);
    }
    case Rounding::kDown:
      return quotient;
    case Rounding::kFloor:
      return rest < 0 ? quotient - 1 : quotient;
    case Rounding::kCeiling:
      return rest > 0 ? quotient + 1 : quotient;
  }
  return quotient;
}

bool Rescale(Int128 value, int from_scale, int precision, int scale, Int128* out) {
  if (scale < from_scale) {
    *out = DivideByPower(value, from_scale - scale, Rounding::kHalfUp);
    return FitsPrecision(*out, precision);
  }
  return MultiplyFits(value, scale - from_scale, out) && FitsPrecision(*out, precision);
}

bool AddDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                 int scale, Int128* out) {
  const int larger = LargerScale(left_scale, right_scale);
  Int128 a = left;
  Int128 b = right;
  Int128 sum = 0;
  if (AlignFits(&a, left_scale, &b, right_scale) && !__builtin_add_overflow(a, b, &sum)) {
    return Rescale(sum, larger, precision, scale, out);
  }
  WideInteger wide_left;
  WideInteger wide_right;
  AlignWide(left, left_scale, right, right_scale, &wide_left, &wide_right);
  if ((left < 0) == (right < 0)) {
    return RescaleWide(wide_left + wide_right, left < 0, larger, precision, scale, out);
  }
  const bool right_larger = wide_left < wide_right;
  const WideInteger difference = right_larger ? wide_right - wide_left : wide_left - wide_right;
  return RescaleWide(difference, right_larger ? right < 0 : left < 0, larger, precision, scale,
                     out);
}

bool MultiplyDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                      int scale, Int128* out) {
  Int128 product = 0;
  if (!__builtin_mul_overflow(left, right, &product)) {
    if (scale <= left_scale + right_scale) {
      return Rescale(product, left_scale + right_scale, precision, scale, out);
    }
  }
  return RescaleWide(WideInteger::Product(static_cast<UInt128>(Magnitude(left)),
                                          static_cast<UInt128>(Magnitude(right))),
                     (left < 0) != (right < 0), left_scale + right_scale, precision, scale, out);
}

bool DivideDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                    int scale, Int128* out) {
  // The result types keep enough of the scale that the dividend is never cut: raise >= 0.
  int raise = scale - left_scale + right_scale;
  Int128 dividend = 0;
  if (MultiplyFits(left, raise, &dividend)) {
    const Int128 quotient = dividend / right;
    const Int128 rest = Magnitude(dividend % right);
    const bool up = rest >= Magnitude(right) - rest;
    *out = quotient + (up ? ((dividend < 0) == (right < 0) ? 1 : -1) : 0);
    return FitsPrecision(*out, precision);
  }
  const int first_raise = raise < kLargestPower ? raise : kLargestPower;
  WideInteger wide = Raised(left, first_raise);
  for (raise -= first_raise; raise > 0; --raise) {
    // A quotient of 256 bits and more by less than 128 does not fit.
    if (wide.high >> 124 != 0) return false;
    const WideInteger twice = wide.Doubled();
    wide = twice.Doubled().Doubled() + twice;
  }
  const WideInteger divisor{.low = static_cast<UInt128>(Magnitude(right))};
  return Narrow(DivideHalfUp(wide, divisor), (left < 0) != (right < 0), precision, out);
}

bool RemainderOfDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                         int scale, Int128* out) {
  const int larger = LargerScale(left_scale, right_scale);
  Int128 a = left;
  Int128 b = right;
  if (AlignFits(&a, left_scale, &b, right_scale)) {
    return Rescale(a % b, larger, precision, scale, out);
  }
  WideInteger wide_left;
  WideInteger wide_right;
  AlignWide(left, left_scale, right, right_scale, &wide_left, &wide_right);
  WideInteger rest;
  wide_left.DivideBy(wide_right, &rest);
  return RescaleWide(rest, left < 0, larger, precision, scale, out);
}

bool NegateDecimal(Int128 value, int precision, Int128* out) {
  int digits = 0;
  for (Int128 limit = PowerOfTen(kNegationDigits); Magnitude(value) >= limit; limit *= 10) {
    ++digits;
    if (digits == kLargestPower - kNegationDigits) break;
  }
  const Int128 power = PowerOfTen(digits);
  Int128 quotient = value / power;
  const Int128 twice_rest = Magnitude(value % power) * 2;
  const bool odd = quotient % 2 != 0;
  if (twice_rest > power || (twice_rest == power && odd)) quotient += value < 0 ? -1 : 1;
  *out = -quotient * power;
  return FitsPrecision(*out, precision);
}

int64_t QuotientOfDecimals(Int128 left, int left_scale, Int128 right, int right_scale) {
  Int128 a = left;
  Int128 b = right;
  if (AlignFits(&a, left_scale, &b, right_scale)) return static_cast<int64_t>(a / b);
  WideInteger wide_left;
  WideInteger wide_right;
  AlignWide(left, left_scale, right, right_scale, &wide_left, &wide_right);
  WideInteger rest;
  const auto low = static_cast<uint64_t>(wide_left.DivideBy(wide_right, &rest).low);
  return static_cast<int64_t>((left < 0) == (right < 0) ? low : 0 - low);
}

}  // namespace spillway::expression
