// The types in which Spark compares values of different ones: 1 = 1.0 is true.
//
// Thread rule: free functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <arrow/type.h>

namespace spillway::expression {

// What both sides of `left = right` are cast to before they are compared, in ANSI mode; null where
// Spark refuses the comparison.
std::shared_ptr<arrow::DataType> ComparisonType(const std::shared_ptr<arrow::DataType>& left,
                                                const std::shared_ptr<arrow::DataType>& right);

// "CAST(`key` AS DECIMAL(12,2))", where `column` is "`key`".
std::string CastText(std::string_view column, const std::shared_ptr<arrow::DataType>& type);

// Spark's name of a type: "BIGINT".
std::string SparkName(const std::shared_ptr<arrow::DataType>& type);

}  // namespace spillway::expression
