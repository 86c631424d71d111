// Casts among dates, timestamps and numbers. The session's time zone is UTC, so that an instant and
// a time without a zone hold the same number.
#include <cmath>
#include <limits>
#include <type_traits>

#include "expression/calendar.h"
#include "expression/decimal_math.h"
#include "expression/functions/casts.h"
#include "expression/functions/evaluation_error.h"
#include "expression/functions/type_dispatch.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

constexpr std::string_view kOutOfRange = "it is out of range";
constexpr int kMicrosDigits = 6;

int64_t SaturatingMicros(int64_t seconds) {
  int64_t micros = 0;
  if (!__builtin_mul_overflow(seconds, kMicrosPerSecond, &micros)) return micros;
  return seconds < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// Seconds with a fraction to microseconds; false for NaN and what 64 bits do not hold.
bool MicrosOf(double seconds, int64_t* out) {
  *out = 0;
  const double micros = seconds * static_cast<double>(kMicrosPerSecond);
  if (!(std::floor(micros) <= 9223372036854775807.0 &&
        std::ceil(micros) >= -9223372036854775808.0)) {
    return false;
  }
  *out = micros >= 9223372036854775807.0 ? std::numeric_limits<int64_t>::max()
                                         : static_cast<int64_t>(micros);
  return true;
}

Result<Value> DecimalToTimestamp(const KernelInput& input) {
  const FixedReader<arrow::Decimal128> seconds(input.arguments[0]);
  const int scale = input.types[0].scale;
  return TryMapRows<int64_t>(
      input,
      [=](int64_t row, int64_t* out) {
        Int128 micros = ToInt128(seconds[row]);
        bool fits = true;
        if (scale >= kMicrosDigits) {
          micros = DivideByPower(micros, scale - kMicrosDigits, Rounding::kDown);
        } else {
          fits = !__builtin_mul_overflow(micros, PowerOfTen(kMicrosDigits - scale), &micros);
        }
        *out = static_cast<int64_t>(micros);
        return fits;
      },
      [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
}

Result<Value> TimestampToDecimal(const KernelInput& input) {
  const FixedReader<int64_t> micros(input.arguments[0]);
  return TryMapRows<arrow::Decimal128>(
      input,
      [&](int64_t row, arrow::Decimal128* out) {
        Int128 value = 0;
        const bool fits =
            Rescale(micros[row], kMicrosDigits, input.result.precision, input.result.scale, &value);
        *out = FromInt128(value);
        return fits;
      },
      [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
}

}  // namespace

Result<Value> CastDateToTimestamp(const KernelInput& input) {
  const FixedReader<int32_t> days(input.arguments[0]);
  return TryMapRows<int64_t>(
      input,
      [=](int64_t row, int64_t* out) {
        return !__builtin_mul_overflow(int64_t{days[row]}, kMicrosPerDay, out);
      },
      [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
}

Result<Value> CastTimestampToDate(const KernelInput& input) {
  const FixedReader<int64_t> micros(input.arguments[0]);
  return MapRows<int32_t>(input, [=](int64_t row) {
    return static_cast<int32_t>(FloorDivide(micros[row], kMicrosPerDay));
  });
}

Result<Value> CastTimestampToTimestamp(const KernelInput& input) {
  auto relabelled = input.arguments[0].data->Copy();
  relabelled->type = ToArrow(input.result);
  return Value{std::move(relabelled)};
}

Result<Value> CastTimestampToNumber(const KernelInput& input) {
  if (input.result.kind == Kind::kDecimal) return TimestampToDecimal(input);
  const FixedReader<int64_t> micros(input.arguments[0]);
  return VisitNumber(input.result.kind, [&]<typename T>() {
    return TryMapRows<T>(
        input,
        [=](int64_t row, T* out) {
          if constexpr (std::is_floating_point_v<T>) {
            *out = static_cast<T>(static_cast<double>(micros[row]) /
                                  static_cast<double>(kMicrosPerSecond));
            return true;
          } else {
            const int64_t seconds = FloorDivide(micros[row], kMicrosPerSecond);
            *out = static_cast<T>(seconds);
            return int64_t{*out} == seconds;
          }
        },
        [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
  });
}

Result<Value> CastNumberToTimestamp(const KernelInput& input) {
  if (input.types[0].kind == Kind::kDecimal) return DecimalToTimestamp(input);
  return VisitNumber(input.types[0].kind, [&]<typename T>() {
    const FixedReader<T> seconds(input.arguments[0]);
    return TryMapRows<int64_t>(
        input,
        [=](int64_t row, int64_t* out) {
          if constexpr (std::is_floating_point_v<T>) {
            return MicrosOf(static_cast<double>(seconds[row]), out);
          } else {
            *out = SaturatingMicros(seconds[row]);
            return true;
          }
        },
        [&input](int64_t row) { return CastFailure(input, row, kOutOfRange); });
  });
}

}  // namespace spillway::expression::functions
