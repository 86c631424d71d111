#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>

#include "expression/decimal_math.h"
#include "expression/decimal_text.h"
#include "expression/floating_text.h"
#include "expression/functions/casts.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/type_dispatch.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

using Decimal = arrow::Decimal128;

constexpr std::string_view kOutOfRange = "it is out of range";

template <typename Get>
Result<Value> ToDecimalWith(const KernelInput& input, int from_scale, Get get) {
  const ValueType result = input.result;
  return TryMapRows<Decimal>(
      input,
      [=](int64_t row, Decimal* out) {
        Int128 value = 0;
        const bool fits = Rescale(get(row), from_scale, result.precision, result.scale, &value);
        *out = FromInt128(value);
        return fits;
      },
      [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
}

// Spark goes by way of Double.toString, whose digits the decimal then has.
bool FromFloating(double value, const ValueType& result, Decimal* out) {
  char buffer[40];
  const char* end = FormatDouble(value, buffer);
  const auto parsed = ParseDecimal({buffer, static_cast<size_t>(end - buffer)});
  Int128 unscaled = 0;
  const bool fits = parsed && ToDecimal(*parsed, result.precision, result.scale, &unscaled);
  *out = FromInt128(unscaled);
  return fits;
}

// The nearest floating-point number: exact operands divide exactly rounded, others go by text.
template <typename T>
T ToFloating(Int128 value, int scale) {
  constexpr Int128 kExact = Int128{1} << std::numeric_limits<T>::digits;
  constexpr int kExactPower = std::is_same_v<T, double> ? 22 : 10;
  if (value < kExact && value > -kExact && scale <= kExactPower) {
    return static_cast<T>(value) / static_cast<T>(PowerOfTen(scale));
  }
  char buffer[48];
  const char* end = FormatDecimal(value, scale, buffer);
  T result = 0;
  std::from_chars(buffer, end, result);
  return result;
}

}  // namespace

Result<Value> CastIntegralToDecimal(const KernelInput& input) {
  return VisitIntegral(input.types[0].kind, [&]<typename T>() {
    const FixedReader<T> values(input.arguments[0]);
    return ToDecimalWith(input, 0, [=](int64_t row) { return Int128{values[row]}; });
  });
}

Result<Value> CastBooleanToDecimal(const KernelInput& input) {
  const BooleanReader values(input.arguments[0]);
  return ToDecimalWith(input, 0, [=](int64_t row) { return Int128{values[row] ? 1 : 0}; });
}

Result<Value> CastDecimalToDecimal(const KernelInput& input) {
  const FixedReader<Decimal> values(input.arguments[0]);
  return ToDecimalWith(input, input.types[0].scale,
                       [=](int64_t row) { return ToInt128(values[row]); });
}

// NaN and the infinities become NULL, in ANSI mode too.
Result<Value> CastFloatingToDecimal(const KernelInput& input) {
  return VisitNumber(input.types[0].kind, [&]<typename T>() -> Result<Value> {
    if constexpr (!std::is_floating_point_v<T>) {
      return Status::Invalid("not a floating-point number");
    } else {
      const FixedReader<T> values(input.arguments[0]);
      ARROW_ASSIGN_OR_RAISE(Value column,
                            TryMapValidRows<Decimal>(
                                input,
                                [&](int64_t row, Decimal* out) {
                                  *out = Decimal();
                                  if (!std::isfinite(values[row])) return true;
                                  return FromFloating(static_cast<double>(values[row]),
                                                      input.result, out);
                                },
                                [&](int64_t row) { return CastFailure(input, row, kOutOfRange); }));
      std::shared_ptr<arrow::Buffer> validity = column.data->buffers[0];
      ARROW_ASSIGN_OR_RAISE(validity, MaskFailures(input, std::move(validity), [&](int64_t row) {
                              return !std::isfinite(values[row]);
                            }));
      return MakeColumn(input.result, input.rows, std::move(validity), column.data->buffers[1]);
    }
  });
}

Result<Value> CastDecimalToIntegral(const KernelInput& input) {
  const FixedReader<Decimal> values(input.arguments[0]);
  const int scale = input.types[0].scale;
  return VisitIntegral(input.result.kind, [&]<typename T>() {
    return TryMapRows<T>(
        input,
        [=](int64_t row, T* out) {
          const Int128 whole = DivideByPower(ToInt128(values[row]), scale, Rounding::kDown);
          *out = static_cast<T>(whole);
          return static_cast<Int128>(*out) == whole;
        },
        [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
  });
}

Result<Value> CastDecimalToFloating(const KernelInput& input) {
  const FixedReader<Decimal> values(input.arguments[0]);
  const int scale = input.types[0].scale;
  if (input.result.kind == Kind::kFloat) {
    return MapRows<float>(
        input, [=](int64_t row) { return ToFloating<float>(ToInt128(values[row]), scale); });
  }
  return MapRows<double>(
      input, [=](int64_t row) { return ToFloating<double>(ToInt128(values[row]), scale); });
}

}  // namespace spillway::expression::functions
