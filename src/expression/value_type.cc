#include "expression/value_type.h"

#include <array>
#include <utility>

#include <arrow/util/string.h>
#include <fmt/format.h>

namespace spillway::expression {
namespace {

constexpr int kDefaultPrecision = 10;

struct NamedKind {
  std::string_view name;
  Kind kind;
};

// Spark's names first (TypeName writes them), then the other words that CAST knows.
constexpr std::array<NamedKind, 24> kNames = {{
    {"VOID", Kind::kNull},
    {"BOOLEAN", Kind::kBoolean},
    {"TINYINT", Kind::kByte},
    {"SMALLINT", Kind::kShort},
    {"INT", Kind::kInt},
    {"BIGINT", Kind::kLong},
    {"FLOAT", Kind::kFloat},
    {"DOUBLE", Kind::kDouble},
    {"DECIMAL", Kind::kDecimal},
    {"STRING", Kind::kString},
    {"BINARY", Kind::kBinary},
    {"DATE", Kind::kDate},
    {"TIMESTAMP", Kind::kTimestamp},
    {"TIMESTAMP_NTZ", Kind::kTimestampNtz},
    {"STRUCT", Kind::kStruct},
    {"OTHER", Kind::kOther},
    {"BYTE", Kind::kByte},
    {"SHORT", Kind::kShort},
    {"INTEGER", Kind::kInt},
    {"LONG", Kind::kLong},
    {"REAL", Kind::kFloat},
    {"DEC", Kind::kDecimal},
    {"NUMERIC", Kind::kDecimal},
    {"TIMESTAMP_LTZ", Kind::kTimestamp},
}};

ValueType FromTimestamp(const arrow::TimestampType& type) {
  return {.kind = type.timezone().empty() ? Kind::kTimestampNtz : Kind::kTimestamp};
}

}  // namespace

bool ValueType::operator==(const ValueType& other) const {
  if (kind != other.kind) return false;
  if (kind == Kind::kDecimal) return precision == other.precision && scale == other.scale;
  if (kind == Kind::kStruct || kind == Kind::kOther) return nested->Equals(*other.nested);
  return true;
}

ValueType FromArrow(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::NA:
      return {.kind = Kind::kNull};
    case arrow::Type::BOOL:
      return {.kind = Kind::kBoolean};
    case arrow::Type::INT8:
      return {.kind = Kind::kByte};
    case arrow::Type::INT16:
      return {.kind = Kind::kShort};
    case arrow::Type::INT32:
      return {.kind = Kind::kInt};
    case arrow::Type::INT64:
      return {.kind = Kind::kLong};
    case arrow::Type::FLOAT:
      return {.kind = Kind::kFloat};
    case arrow::Type::DOUBLE:
      return {.kind = Kind::kDouble};
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
      return DecimalType(decimal.precision(), decimal.scale());
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return {.kind = Kind::kString};
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
      return {.kind = Kind::kBinary};
    case arrow::Type::DATE32:
      return {.kind = Kind::kDate};
    case arrow::Type::TIMESTAMP:
      return FromTimestamp(static_cast<const arrow::TimestampType&>(*type));
    case arrow::Type::STRUCT:
      return {.kind = Kind::kStruct, .nested = type};
    default:
      return {.kind = Kind::kOther, .nested = type};
  }
}

std::shared_ptr<arrow::DataType> ToArrow(const ValueType& type) {
  switch (type.kind) {
    case Kind::kNull:
      return arrow::null();
    case Kind::kBoolean:
      return arrow::boolean();
    case Kind::kByte:
      return arrow::int8();
    case Kind::kShort:
      return arrow::int16();
    case Kind::kInt:
      return arrow::int32();
    case Kind::kLong:
      return arrow::int64();
    case Kind::kFloat:
      return arrow::float32();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case Kind::kString:
      return arrow::utf8();
    case Kind::kBinary:
      return arrow::binary();
    case Kind::kDate:
      return arrow::date32();
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kTimestampNtz:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case Kind::kStruct:
    case Kind::kOther:
      return type.nested;
  }
  return type.nested;
}

std::string TypeName(const ValueType& type) {
  if (type.kind == Kind::kDecimal) return fmt::format("DECIMAL({},{})", type.precision, type.scale);
  if (type.nested != nullptr) return type.nested->ToString();
  return std::string(kNames[static_cast<size_t>(type.kind)].name);
}

std::optional<ValueType> TypeByName(std::string_view name, int precision, int scale) {
  const std::string upper = arrow::internal::AsciiToUpper(name);
  const bool is_char = upper == "CHAR" || upper == "VARCHAR" || upper == "CHARACTER";
  if (is_char) {
    if (precision < 1 || scale >= 0) return std::nullopt;
    return ValueType{.kind = Kind::kString};  // CAST to it is CAST to STRING, as in Spark
  }
  for (const auto& [known, kind] : kNames) {
    if (known != upper || kind == Kind::kStruct || kind == Kind::kOther) continue;
    if (kind == Kind::kDecimal) {
      const int digits = precision < 0 ? kDefaultPrecision : precision;
      const int fraction = scale < 0 ? 0 : scale;
      if (digits < 1 || digits > kMaximumPrecision || fraction > digits) return std::nullopt;
      return DecimalType(digits, fraction);
    }
    if (precision >= 0) return std::nullopt;
    return ValueType{.kind = kind};
  }
  return std::nullopt;
}

}  // namespace spillway::expression
