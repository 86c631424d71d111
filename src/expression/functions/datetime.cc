#include "expression/calendar.h"
#include "expression/functions/kernels.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

template <typename Part>
Result<Value> OfDate(const KernelInput& input, Part part) {
  const FixedReader<int32_t> days(input.arguments[0]);
  return MapRows<int32_t>(
      input, [&](int64_t row) { return static_cast<int32_t>(part(ToCivil(days[row]))); });
}

template <typename Part>
Result<Value> OfTime(const KernelInput& input, Part part) {
  const FixedReader<int64_t> micros(input.arguments[0]);
  return MapRows<int32_t>(input, [&](int64_t row) {
    const int64_t of_day = FloorModulo(micros[row], kMicrosPerDay) / kMicrosPerSecond;
    return static_cast<int32_t>(part(of_day));
  });
}

}  // namespace

Result<Value> Year(const KernelInput& input) {
  return OfDate(input, [](const CivilDate& date) { return date.year; });
}

Result<Value> Month(const KernelInput& input) {
  return OfDate(input, [](const CivilDate& date) { return date.month; });
}

Result<Value> Day(const KernelInput& input) {
  return OfDate(input, [](const CivilDate& date) { return date.day; });
}

Result<Value> Hour(const KernelInput& input) {
  return OfTime(input, [](int64_t seconds) { return seconds / 3600; });
}

Result<Value> Minute(const KernelInput& input) {
  return OfTime(input, [](int64_t seconds) { return seconds / 60 % 60; });
}

Result<Value> Second(const KernelInput& input) {
  return OfTime(input, [](int64_t seconds) { return seconds % 60; });
}

Result<Value> CurrentTimestamp(const KernelInput& input) {
  return MapRows<int64_t>(input, [&](int64_t) { return input.context.now_micros; });
}

Result<Value> CurrentDate(const KernelInput& input) {
  const int64_t days = FloorDivide(input.context.now_micros, kMicrosPerDay);
  return MapRows<int32_t>(input, [=](int64_t) { return static_cast<int32_t>(days); });
}

}  // namespace spillway::expression::functions
