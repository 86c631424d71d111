// The statistics that an add action carries for data skipping, as Delta's JSON:
//   {"numRecords":3,"minValues":{"a":1,"s":{"x":2}},"maxValues":{..},"nullCount":{..}}
// in the form that Spark writes. Every bound holds under Spark's order of values, even where it is
// not the exact one:
//   - strings are cut at 32 characters; a cut maximum gets a last character above what was cut off;
//   - timestamps are in milliseconds, the minimum rounded down and the maximum up;
//   - a floating maximum is left out unless the column is known to have no NaN, because Spark's NaN
//   is
//     above every number while Parquet's statistics leave it out; zero bounds are -0.0 and 0.0;
//   - infinities, years beyond 0001-9999, text that is not UTF-8, and types that Spark writes no
//     bounds for (boolean, binary, nested) have none.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::delta {

// What is known of one leaf column of a file.
struct ColumnStatistics {
  std::vector<std::string> path;  // physical names from the top-level column down, through structs
  int64_t null_count = -1;        // rows where the column is null; negative = unknown
  std::shared_ptr<arrow::Scalar> minimum = {};  // of the table's type; null = unknown
  std::shared_ptr<arrow::Scalar> maximum = {};
  bool is_nan_free = false;  // floating columns: no value is NaN
};

// The JSON text for a file of `num_rows` rows. Fails with kInternal on an empty path, or on a path
// that is both a column and the way to one.
Result<std::string> StatisticsJson(int64_t num_rows, const std::vector<ColumnStatistics>& columns);

}  // namespace spillway::delta
