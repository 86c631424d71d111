#include "expression/comparison_type.h"

#include <optional>

#include <fmt/format.h>

#include "expression/coercion.h"
#include "expression/value_type.h"

namespace spillway::expression {

std::shared_ptr<arrow::DataType> ComparisonType(const std::shared_ptr<arrow::DataType>& left,
                                                const std::shared_ptr<arrow::DataType>& right) {
  const std::optional<ValueType> common = CommonComparisonType(FromArrow(left), FromArrow(right));
  return common ? ToArrow(*common) : nullptr;
}

std::string CastText(std::string_view column, const std::shared_ptr<arrow::DataType>& type) {
  return fmt::format("CAST({} AS {})", column, SparkName(type));
}

std::string SparkName(const std::shared_ptr<arrow::DataType>& type) {
  return TypeName(FromArrow(type));
}

}  // namespace spillway::expression
