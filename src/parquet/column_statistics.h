// Statistics of one column of a written file, in the shape that a Delta log wants them: for every
// column that is not inside a list or map, how many rows are null, and the least and the greatest
// value.
//
// Thread rule: immutable values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

namespace spillway::parquet {

inline constexpr int64_t kUnknownCount = -1;

struct ColumnStatistics {
  std::vector<std::string> path;  // names from the top-level column down through structs
  // Rows where the column is NULL, those where a struct around it is NULL among them. kUnknownCount
  // where the column was copied out of a file that does not say.
  int64_t null_count = 0;
  // Of the column's type; null = unknown: no value at all, a NaN among them, a binary column, a
  // list or map, text that is not UTF-8, or values too long for the footer (4 KiB).
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
};

}  // namespace spillway::parquet
