// The types of Spark SQL that expressions compute with, and their Arrow form.
//
// Thread rule: immutable values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/type.h>

namespace spillway::expression {

enum class Kind : uint8_t {
  kNull,  // the type of a bare NULL (Spark: void)
  kBoolean,
  kByte,
  kShort,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,     // an instant
  kTimestampNtz,  // a date and time of day without a zone
  kStruct,        // only its fields can be computed with
  kOther,         // may only stand in IS [NOT] NULL
};

struct ValueType {
  Kind kind = Kind::kNull;
  int precision = 0;                                  // of a decimal
  int scale = 0;                                      // of a decimal
  std::shared_ptr<arrow::DataType> nested = nullptr;  // of kStruct and kOther

  bool operator==(const ValueType& other) const;
};

inline constexpr int kMaximumPrecision = 38;

inline ValueType DecimalType(int precision, int scale) {
  return {.kind = Kind::kDecimal, .precision = precision, .scale = scale};
}

inline bool IsIntegral(Kind kind) { return kind >= Kind::kByte && kind <= Kind::kLong; }
inline bool IsFractional(Kind kind) { return kind >= Kind::kFloat && kind <= Kind::kDecimal; }
inline bool IsNumeric(Kind kind) { return kind >= Kind::kByte && kind <= Kind::kDecimal; }
inline bool IsDatetime(Kind kind) { return kind >= Kind::kDate && kind <= Kind::kTimestampNtz; }

// The type of a column of Arrow type `type`; kOther for one that expressions do not compute with.
ValueType FromArrow(const std::shared_ptr<arrow::DataType>& type);

// The plain Arrow type that values of `type` are held in.
std::shared_ptr<arrow::DataType> ToArrow(const ValueType& type);

// Spark's name: "BIGINT", "DECIMAL(10,2)".
std::string TypeName(const ValueType& type);

// The type that Spark's CAST knows by `name` (any case), with its parameters' precision and scale
// (-1 where not written); nullopt for a name that is none, or takes no such parameters.
std::optional<ValueType> TypeByName(std::string_view name, int precision, int scale);

}  // namespace spillway::expression
