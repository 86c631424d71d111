#include "pipeline/believable_bounds.h"

#include <cstdint>

#include <arrow/scalar.h>
#include <arrow/type.h>

namespace spillway::pipeline {

bool IsAbove(const arrow::Scalar& minimum, const arrow::Scalar& maximum) {
  switch (minimum.type->id()) {
    case arrow::Type::STRING:
      return static_cast<const arrow::StringScalar&>(minimum).view() >
             static_cast<const arrow::StringScalar&>(maximum).view();
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Scalar&>(minimum).value >
             static_cast<const arrow::Decimal128Scalar&>(maximum).value;
    default: {
      const auto number = [](const arrow::Scalar& scalar) {
        const auto cast = scalar.CastTo(arrow::int64());
        return cast.ok() ? static_cast<const arrow::Int64Scalar&>(**cast).value : 0;
      };
      return number(minimum) > number(maximum);
    }
  }
}

bool IsBeforeCommonTime(const arrow::Scalar& value) {
  constexpr int64_t kFirstCommonDay = -25'567;  // 1900-01-01
  constexpr int64_t kMicrosOfDay = 24LL * 60 * 60 * 1'000'000;
  if (value.type->id() == arrow::Type::DATE32) {
    return static_cast<const arrow::Date32Scalar&>(value).value < kFirstCommonDay;
  }
  return value.type->id() == arrow::Type::TIMESTAMP &&
         static_cast<const arrow::TimestampScalar&>(value).value < kFirstCommonDay * kMicrosOfDay;
}

}  // namespace spillway::pipeline
