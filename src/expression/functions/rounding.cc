// round, floor, ceil. Spark rounds floating-point numbers by way of their shortest decimal form:
// round(2.675, 2) is 2.68 although the double is a little less.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "expression/decimal_math.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/kernels.h"
#include "expression/functions/type_dispatch.h"
#include "expression/java_digits.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

// BigDecimal(Double.toString(value)).setScale(scale, HALF_UP).doubleValue().
double RoundHalfUp(double value, int scale) {
  if (!std::isfinite(value)) return value;
  if (value == 0) return 0.0;  // a BigDecimal has no -0.0
  const JavaDigits digits = DigitsOf(std::fabs(value));
  // Digits that stay: those in front of the point and `scale` behind it.
  const int64_t kept = static_cast<int64_t>(digits.exponent) + 1 + scale;
  if (kept >= digits.count) return value;
  if (kept < 0) return 0.0;
  uint64_t number = 0;
  for (int64_t i = 0; i < kept; ++i) {
    number = number * 10 + static_cast<uint64_t>(digits.digits[i] - '0');
  }
  if (digits.digits[kept] >= '5') ++number;
  if (number == 0) return 0.0;
  const std::string text =
      fmt::format("{}{}e{}", value < 0 ? "-" : "", number, -static_cast<int64_t>(scale));
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

template <typename T>
bool RoundIntegral(T value, int scale, T* out) {
  *out = value;
  if (scale >= 0) return true;
  const Int128 rounded = scale < -38 ? 0 : [&] {
    const Int128 quotient = DivideByPower(value, -scale, Rounding::kHalfUp);
    return quotient == 0 ? Int128{0} : quotient * PowerOfTen(-scale);
  }();
  *out = static_cast<T>(rounded);
  return static_cast<Int128>(*out) == rounded;
}

Result<Value> RoundDecimals(const KernelInput& input, int places, Rounding rounding) {
  using Decimal = arrow::Decimal128;
  const FixedReader<Decimal> values(input.arguments[0]);
  const int scale = input.types[0].scale;
  const ValueType result = input.result;
  return TryMapValidRows<Decimal>(
      input,
      [=](int64_t row, Decimal* out) {
        Int128 value = ToInt128(values[row]);
        bool fits = true;
        if (places < scale) {
          value = DivideByPower(value, scale - places, rounding);
          // At a negative number of places the zeros come back: results have no negative scale.
          if (places < 0 && value != 0) {
            fits = places >= -38 && !__builtin_mul_overflow(value, PowerOfTen(-places), &value);
          }
        }
        *out = FromInt128(value);
        return fits && FitsPrecision(value, result.precision);
      },
      [&](int64_t row) {
        return Overflow("the rounded " + ShowValue(input, 0, row), TypeName(result));
      });
}

// The second argument, which is a constant.
bool Places(const KernelInput& input, int* places) {
  if (Validity(input.arguments[1]).IsNull(0)) return false;
  *places = FixedReader<int32_t>(input.arguments[1])[0];
  return true;
}

// Double to bigint, at the ends of its range where it passes them, as a cast in Java does.
int64_t Saturate(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return std::numeric_limits<int64_t>::max();
  if (value <= -9223372036854775808.0) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

template <typename Round>
Result<Value> ToWhole(const KernelInput& input, Rounding rounding, Round round) {
  if (input.types[0].kind == Kind::kDecimal) return RoundDecimals(input, 0, rounding);
  if (input.types[0].kind == Kind::kLong) return input.arguments[0];
  const FixedReader<double> values(input.arguments[0]);
  return MapRows<int64_t>(input, [=](int64_t row) { return Saturate(round(values[row])); });
}

Result<Value> RoundToPlaces(const KernelInput& input, Rounding rounding) {
  int places = 0;
  if (!Places(input, &places)) return MakeNulls(input.result, input.rows, input.pool());
  return RoundDecimals(input, places, rounding);
}

}  // namespace

Result<Value> RoundNumber(const KernelInput& input) {
  int places = 0;
  if (!Places(input, &places)) return MakeNulls(input.result, input.rows, input.pool());
  if (input.types[0].kind == Kind::kDecimal) {
    return RoundDecimals(input, places, Rounding::kHalfUp);
  }
  return VisitNumber(input.types[0].kind, [&]<typename T>() {
    const FixedReader<T> values(input.arguments[0]);
    return TryMapRows<T>(
        input,
        [=](int64_t row, T* out) {
          if constexpr (std::is_floating_point_v<T>) {
            *out = static_cast<T>(RoundHalfUp(static_cast<double>(values[row]), places));
            return true;
          } else {
            return RoundIntegral(values[row], places, out);
          }
        },
        [&](int64_t row) {
          return Overflow(fmt::format("round({}, {})", ShowValue(input, 0, row), places),
                          TypeName(input.result));
        });
  });
}

Result<Value> FloorNumber(const KernelInput& input) {
  return ToWhole(input, Rounding::kFloor, [](double value) { return std::floor(value); });
}

Result<Value> CeilNumber(const KernelInput& input) {
  return ToWhole(input, Rounding::kCeiling, [](double value) { return std::ceil(value); });
}

Result<Value> FloorDecimal(const KernelInput& input) {
  return RoundToPlaces(input, Rounding::kFloor);
}

Result<Value> CeilDecimal(const KernelInput& input) {
  return RoundToPlaces(input, Rounding::kCeiling);
}

}  // namespace spillway::expression::functions
