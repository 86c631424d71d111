#include <cmath>
#include <limits>
#include <type_traits>

#include "expression/decimal_math.h"
#include "expression/functions/casts.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/type_dispatch.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

// The fraction is cut off. Java compares a double with the ends of bigint as doubles, so that 2^63
// itself passes and becomes the largest bigint.
template <typename To, typename From>
bool Convert(From value, To* out) {
  *out = 0;
  if constexpr (std::is_floating_point_v<To>) {
    *out = static_cast<To>(value);
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    const auto low = static_cast<double>(std::numeric_limits<To>::min());
    const auto high = static_cast<double>(std::numeric_limits<To>::max());
    const auto wide = static_cast<double>(value);
    if (!(std::floor(wide) <= high && std::ceil(wide) >= low)) return false;
    const bool saturates = sizeof(To) == 8 && wide >= high;
    *out = saturates ? std::numeric_limits<To>::max() : static_cast<To>(wide);
    return true;
  } else {
    *out = static_cast<To>(value);
    return static_cast<int64_t>(*out) == static_cast<int64_t>(value);
  }
}

}  // namespace

Result<Value> CastNumberToNumber(const KernelInput& input) {
  return VisitNumber(input.types[0].kind, [&]<typename From>() {
    const FixedReader<From> values(input.arguments[0]);
    return VisitNumber(input.result.kind, [&]<typename To>() {
      return TryMapRows<To>(
          input, [=](int64_t row, To* out) { return Convert(values[row], out); },
          [&](int64_t row) { return CastFailure(input, row, "it is out of range"); });
    });
  });
}

Result<Value> CastNumberToBoolean(const KernelInput& input) {
  if (input.types[0].kind == Kind::kDecimal) {
    const FixedReader<arrow::Decimal128> values(input.arguments[0]);
    return MapToBoolean(input, [&](int64_t row) { return ToInt128(values[row]) != 0; });
  }
  return VisitNumber(input.types[0].kind, [&]<typename T>() {
    const FixedReader<T> values(input.arguments[0]);
    return MapToBoolean(input, [&](int64_t row) { return values[row] != 0; });
  });
}

Result<Value> CastBooleanToNumber(const KernelInput& input) {
  const BooleanReader values(input.arguments[0]);
  return VisitNumber(input.result.kind, [&]<typename T>() {
    return MapRows<T>(input, [&](int64_t row) { return static_cast<T>(values[row] ? 1 : 0); });
  });
}

}  // namespace spillway::expression::functions
