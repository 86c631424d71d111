#include "expression/functions/casts.h"

namespace spillway::expression::functions {
namespace {

Result<Value> CastNulls(const KernelInput& input) {
  return MakeNulls(input.result, input.rows, input.pool());
}

bool IsFloating(Kind kind) { return kind == Kind::kFloat || kind == Kind::kDouble; }

CastKernel FromText(Kind to) {
  switch (to) {
    case Kind::kBinary:
      return {CastTextToBinary, false};
    case Kind::kBoolean:
      return {CastTextToBoolean, true};
    case Kind::kDecimal:
      return {CastTextToDecimal, true};
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return {CastTextToDatetime, true};
    default:
      return {CastTextToNumber, true};
  }
}

CastKernel FromDecimal(const ValueType& from, const ValueType& to) {
  if (to.kind == Kind::kTimestamp) return {CastNumberToTimestamp, true};
  if (to.kind == Kind::kBoolean) return {CastNumberToBoolean, false};
  if (to.kind == Kind::kDecimal) {
    const bool holds =
        to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
    return {CastDecimalToDecimal, !holds};
  }
  if (IsIntegral(to.kind)) return {CastDecimalToIntegral, true};
  return {CastDecimalToFloating, false};
}

CastKernel FromNumber(Kind from, const ValueType& to) {
  if (to.kind == Kind::kBoolean) return {CastNumberToBoolean, false};
  if (to.kind == Kind::kTimestamp) return {CastNumberToTimestamp, IsFloating(from)};
  if (to.kind == Kind::kDecimal) {
    if (IsFloating(from)) return {CastFloatingToDecimal, true, true};
    return {CastIntegralToDecimal, true};
  }
  const bool widens = from < to.kind;  // the kinds stand in the order of their ranges
  return {CastNumberToNumber, !widens && !IsFloating(to.kind)};
}

}  // namespace

CastKernel FindCast(const ValueType& from, const ValueType& to) {
  if (from.kind == Kind::kNull) return {CastNulls, false};
  if (from.kind == Kind::kString) return FromText(to.kind);
  if (from.kind == Kind::kBinary) return {CastTextToBinary, false};
  if (to.kind == Kind::kString) return {CastToText, false};
  switch (from.kind) {
    case Kind::kBoolean:
      if (to.kind == Kind::kDecimal) return {CastBooleanToDecimal, true};
      return {CastBooleanToNumber, false};
    case Kind::kDecimal:
      return FromDecimal(from, to);
    case Kind::kDate:
      return {CastDateToTimestamp, true};
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      if (to.kind == Kind::kDate) return {CastTimestampToDate, false};
      if (to.kind == Kind::kTimestamp || to.kind == Kind::kTimestampNtz) {
        return {CastTimestampToTimestamp, false};
      }
      return {CastTimestampToNumber, true};
    default:
      return FromNumber(from.kind, to);
  }
}

}  // namespace spillway::expression::functions
