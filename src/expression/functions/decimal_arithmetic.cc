#include "expression/decimal_math.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/kernels.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

using Decimal = arrow::Decimal128;

using Operation = bool (*)(Int128 left, int left_scale, Int128 right, int right_scale,
                           int precision, int scale, Int128* out);

template <Operation operation>
Result<Value> Compute(const KernelInput& input, std::string_view symbol, bool divides) {
  const FixedReader<Decimal> left(input.arguments[0]);
  const FixedReader<Decimal> right(input.arguments[1]);
  const int left_scale = input.types[0].scale;
  const int right_scale = input.types[1].scale;
  const ValueType result = input.result;
  return TryMapValidRows<Decimal>(
      input,
      [=](int64_t row, Decimal* out) {
        const Int128 divisor = ToInt128(right[row]);
        if (divides && divisor == 0) return false;
        Int128 value = 0;
        const bool fits = operation(ToInt128(left[row]), left_scale, divisor, right_scale,
                                    result.precision, result.scale, &value);
        *out = FromInt128(value);
        return fits;
      },
      [&](int64_t row) {
        const std::string shown =
            fmt::format("{} {} {}", ShowValue(input, 0, row), symbol, ShowValue(input, 1, row));
        return divides && ToInt128(right[row]) == 0 ? DivisionByZero(shown)
                                                    : Overflow(shown, TypeName(result));
      });
}

bool SubtractDecimals(Int128 left, int left_scale, Int128 right, int right_scale, int precision,
                      int scale, Int128* out) {
  return AddDecimals(left, left_scale, -right, right_scale, precision, scale, out);
}

}  // namespace

Result<Value> AddDecimal(const KernelInput& input) {
  return Compute<AddDecimals>(input, "+", false);
}

Result<Value> SubtractDecimal(const KernelInput& input) {
  return Compute<SubtractDecimals>(input, "-", false);
}

Result<Value> MultiplyDecimal(const KernelInput& input) {
  return Compute<MultiplyDecimals>(input, "*", false);
}

Result<Value> DivideDecimal(const KernelInput& input) {
  return Compute<DivideDecimals>(input, "/", true);
}

Result<Value> RemainderDecimal(const KernelInput& input) {
  return Compute<RemainderOfDecimals>(input, "%", true);
}

Result<Value> DivideIntegralDecimal(const KernelInput& input) {
  const FixedReader<Decimal> left(input.arguments[0]);
  const FixedReader<Decimal> right(input.arguments[1]);
  const int left_scale = input.types[0].scale;
  const int right_scale = input.types[1].scale;
  return TryMapValidRows<int64_t>(
      input,
      [=](int64_t row, int64_t* out) {
        const Int128 divisor = ToInt128(right[row]);
        if (divisor == 0) return false;
        *out = QuotientOfDecimals(ToInt128(left[row]), left_scale, divisor, right_scale);
        return true;
      },
      [&input](int64_t row) {
        return DivisionByZero(
            fmt::format("{} div {}", ShowValue(input, 0, row), ShowValue(input, 1, row)));
      });
}

Result<Value> NegateDecimals(const KernelInput& input) {
  const FixedReader<Decimal> values(input.arguments[0]);
  return TryMapValidRows<Decimal>(
      input,
      [&](int64_t row, Decimal* out) {
        Int128 negated = 0;
        const bool fits = NegateDecimal(ToInt128(values[row]), input.result.precision, &negated);
        *out = FromInt128(negated);
        return fits;
      },
      [&](int64_t row) {
        return Overflow("-(" + ShowValue(input, 0, row) + ")", TypeName(input.result));
      });
}

Result<Value> AbsoluteDecimals(const KernelInput& input) {
  const FixedReader<Decimal> values(input.arguments[0]);
  return TryMapValidRows<Decimal>(
      input,
      [&](int64_t row, Decimal* out) {
        Int128 value = ToInt128(values[row]);
        const bool fits = value >= 0 || NegateDecimal(value, input.result.precision, &value);
        *out = FromInt128(value);
        return fits;
      },
      [&](int64_t row) {
        return Overflow("abs(" + ShowValue(input, 0, row) + ")", TypeName(input.result));
      });
}

}  // namespace spillway::expression::functions
