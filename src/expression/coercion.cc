#include "expression/coercion.h"

#include <algorithm>

namespace spillway::expression {
namespace {

constexpr int kMinimumAdjustedScale = 6;

bool IsString(const ValueType& type) { return type.kind == Kind::kString; }

// What a string can be promoted to: everything but a struct and its like.
bool IsAtomic(Kind kind) { return kind != Kind::kStruct && kind != Kind::kOther; }

bool IsNull(const ValueType& type) { return type.kind == Kind::kNull; }

// decimal(precision, scale) cut to 38 digits, at least 6 of the scale kept.
ValueType Adjusted(int precision, int scale) {
  if (precision <= kMaximumPrecision) return DecimalType(precision, scale);
  const int integral_digits = precision - scale;
  const int minimum = std::min(scale, kMinimumAdjustedScale);
  return DecimalType(kMaximumPrecision, std::max(kMaximumPrecision - integral_digits, minimum));
}

ValueType WiderDatetime(const ValueType& left, const ValueType& right) {
  if (left.kind == Kind::kTimestamp || right.kind == Kind::kTimestamp) {
    return {.kind = Kind::kTimestamp};
  }
  return {.kind = Kind::kTimestampNtz};
}

ValueType WiderNumber(Kind left, Kind right) {
  const Kind wider = std::max(left, right);
  return {.kind = wider == Kind::kFloat ? Kind::kDouble : wider};
}

bool HoldsIntegral(const ValueType& decimal, Kind integral) {
  const ValueType needed = DecimalFor(integral);
  return decimal.precision - decimal.scale >= needed.precision && decimal.scale >= 0;
}

std::optional<ValueType> WiderTypeForDecimal(const ValueType& left, const ValueType& right) {
  if (left.kind != Kind::kDecimal) {
    if (right.kind != Kind::kDecimal) return std::nullopt;
    return WiderTypeForDecimal(right, left);
  }
  if (right.kind == Kind::kDecimal) return WiderDecimal(left, right);
  if (IsIntegral(right.kind)) return WiderDecimal(left, DecimalFor(right.kind));
  if (right.kind == Kind::kFloat || right.kind == Kind::kDouble) {
    return ValueType{.kind = Kind::kDouble};
  }
  return std::nullopt;
}

}  // namespace

std::optional<ValueType> TightestCommonType(const ValueType& left, const ValueType& right) {
  if (left == right || IsNull(right)) return left;
  if (IsNull(left)) return right;
  if (IsIntegral(left.kind) && right.kind == Kind::kDecimal) {
    if (HoldsIntegral(right, left.kind)) return right;
    return std::nullopt;
  }
  if (left.kind == Kind::kDecimal && IsIntegral(right.kind)) return TightestCommonType(right, left);
  if (left.kind == Kind::kDecimal || right.kind == Kind::kDecimal) return std::nullopt;
  if (IsNumeric(left.kind) && IsNumeric(right.kind)) return WiderNumber(left.kind, right.kind);
  if (IsDatetime(left.kind) && IsDatetime(right.kind)) return WiderDatetime(left, right);
  return std::nullopt;
}

std::optional<ValueType> WiderTypeWithoutStrings(const ValueType& left, const ValueType& right) {
  if (const auto tightest = TightestCommonType(left, right)) return tightest;
  return WiderTypeForDecimal(left, right);
}

std::optional<ValueType> WiderTypeForString(const ValueType& left, const ValueType& right) {
  if (!IsString(left)) {
    if (!IsString(right)) return std::nullopt;
    return WiderTypeForString(right, left);
  }
  if (IsIntegral(right.kind)) return ValueType{.kind = Kind::kLong};
  if (IsFractional(right.kind)) return ValueType{.kind = Kind::kDouble};
  if (IsNull(right)) return left;
  if (IsAtomic(right.kind)) return right;
  return std::nullopt;
}

std::optional<ValueType> WiderType(const ValueType& left, const ValueType& right) {
  if (const auto wider = WiderTypeWithoutStrings(left, right)) return wider;
  return WiderTypeForString(left, right);
}

std::optional<ValueType> CommonComparisonType(const ValueType& left, const ValueType& right) {
  if (!IsComparable(left) || !IsComparable(right)) return std::nullopt;
  if (IsString(left) != IsString(right)) return WiderTypeForString(left, right);
  return WiderTypeWithoutStrings(left, right);
}

bool IsComparable(const ValueType& type) {
  if (type.kind == Kind::kOther) return false;
  if (type.kind != Kind::kStruct) return true;
  for (const auto& field : type.nested->fields()) {
    if (!IsComparable(FromArrow(field->type()))) return false;
  }
  return true;
}

bool CanCast(const ValueType& from, const ValueType& to) {
  if (from == to || IsNull(from)) return true;
  if (from.nested != nullptr || to.nested != nullptr || IsNull(to)) return false;
  if (IsString(to) || IsString(from)) return true;
  switch (to.kind) {
    case Kind::kBoolean:
      return IsNumeric(from.kind);
    case Kind::kDate:
      return from.kind == Kind::kTimestamp || from.kind == Kind::kTimestampNtz;
    case Kind::kTimestamp:
      return IsDatetime(from.kind) || IsNumeric(from.kind);
    case Kind::kTimestampNtz:
      return IsDatetime(from.kind);
    case Kind::kBinary:
      return false;
    default:
      return IsNumeric(from.kind) || from.kind == Kind::kBoolean || from.kind == Kind::kTimestamp;
  }
}

bool CanCastImplicitly(const ValueType& from, const ValueType& to) {
  if (from == to || IsNull(from)) return true;
  if (from.nested != nullptr || to.nested != nullptr) return false;
  if (IsString(from) || IsString(to)) return true;
  if (IsNumeric(from.kind) && IsNumeric(to.kind)) return true;
  return IsDatetime(from.kind) && (to.kind == Kind::kTimestamp || to.kind == Kind::kTimestampNtz);
}

ValueType DecimalFor(Kind integral) {
  switch (integral) {
    case Kind::kByte:
      return DecimalType(3, 0);
    case Kind::kShort:
      return DecimalType(5, 0);
    case Kind::kInt:
      return DecimalType(10, 0);
    default:
      return DecimalType(20, 0);
  }
}

ValueType WiderDecimal(const ValueType& left, const ValueType& right) {
  const int scale = std::max(left.scale, right.scale);
  const int digits = std::max(left.precision - left.scale, right.precision - right.scale);
  const int excess = std::max(0, digits + scale - kMaximumPrecision);
  return DecimalType(std::min(digits + scale, kMaximumPrecision), std::max(0, scale - excess));
}

ValueType SumType(const ValueType& left, const ValueType& right) {
  const int scale = std::max(left.scale, right.scale);
  const int digits = std::max(left.precision - left.scale, right.precision - right.scale);
  return Adjusted(digits + scale + 1, scale);
}

ValueType ProductType(const ValueType& left, const ValueType& right) {
  return Adjusted(left.precision + right.precision + 1, left.scale + right.scale);
}

ValueType QuotientType(const ValueType& left, const ValueType& right) {
  const int digits = left.precision - left.scale + right.scale;
  const int scale = std::max(kMinimumAdjustedScale, left.scale + right.precision + 1);
  return Adjusted(digits + scale, scale);
}

ValueType RemainderType(const ValueType& left, const ValueType& right) {
  const int scale = std::max(left.scale, right.scale);
  const int digits = std::min(left.precision - left.scale, right.precision - right.scale);
  return Adjusted(digits + scale, scale);
}

}  // namespace spillway::expression
