#include "delta/add_statistics.h"

#include <optional>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "delta/json_text.h"
#include "delta/statistics_bound.h"

namespace spillway::delta {
namespace {

// Parquet's largest floating value is not a maximum while there may be a NaN.
bool HidesNan(const ColumnStatistics& column) {
  return arrow::is_floating(column.maximum->type->id()) && !column.is_nan_free;
}

std::optional<std::string> MinimumJson(const ColumnStatistics& column) {
  if (column.minimum == nullptr) return std::nullopt;
  return BoundJson(*column.minimum, Bound::kMinimum);
}

std::optional<std::string> MaximumJson(const ColumnStatistics& column) {
  if (column.maximum == nullptr || HidesNan(column)) return std::nullopt;
  return BoundJson(*column.maximum, Bound::kMaximum);
}

}  // namespace

Result<std::string> StatisticsJson(int64_t num_rows, const std::vector<ColumnStatistics>& columns) {
  JsonObject minimums, maximums, null_counts;
  for (const ColumnStatistics& column : columns) {
    if (auto minimum = MinimumJson(column)) {
      ARROW_RETURN_NOT_OK(minimums.Set(column.path, *std::move(minimum)));
    }
    if (auto maximum = MaximumJson(column)) {
      ARROW_RETURN_NOT_OK(maximums.Set(column.path, *std::move(maximum)));
    }
    if (column.null_count >= 0) {
      ARROW_RETURN_NOT_OK(null_counts.Set(column.path, fmt::format("{}", column.null_count)));
    }
  }
  return fmt::format(R"({{"numRecords":{},"minValues":{},"maxValues":{},"nullCount":{}}})",
                     num_rows, minimums.ToString(), maximums.ToString(), null_counts.ToString());
}

}  // namespace spillway::delta
