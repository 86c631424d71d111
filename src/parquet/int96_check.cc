#include "parquet/int96_check.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <fmt/format.h>
#include <parquet/types.h>

#include "base/error.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kBatchValues = 1024;
constexpr int64_t kJulianDayOfEpoch = 2'440'588;
constexpr int64_t kMicrosOfDay = 86'400'000'000;

bool IsUsual(const ::parquet::Int96& value) {
  int64_t nanos = 0;
  std::memcpy(&nanos, value.value.data(), sizeof(nanos));
  const auto day = static_cast<int32_t>(value.value[2]);
  int64_t micros = 0;
  return day > 0 && nanos >= 0 &&
         !__builtin_mul_overflow(day - kJulianDayOfEpoch, kMicrosOfDay, &micros) &&
         !__builtin_add_overflow(micros, nanos / 1000, &micros);
}

}  // namespace

Status CheckInt96(::parquet::ColumnReader& reader, const std::string& column,
                  const std::string& path) {
  auto& values = static_cast<::parquet::Int96Reader&>(reader);
  std::array<int16_t, kBatchValues> definition;
  std::array<int16_t, kBatchValues> repetition;
  std::array<::parquet::Int96, kBatchValues> batch;
  while (values.HasNext()) {
    int64_t count = 0;
    values.ReadBatch(kBatchValues, definition.data(), repetition.data(), batch.data(), &count);
    if (std::ranges::all_of(std::span(batch).first(static_cast<size_t>(count)), IsUsual)) continue;
    return MakeError(
        {.code = ErrorCode::kUnsupportedType,
         .what = fmt::format("column {} has a timestamp that Spillway does not read", column),
         .where = path,
         .why = "it is of the old INT96 form, and before 24 November 4714 BC or after the year "
                "294246",
         .cure = "write the file again with timestamps in microseconds, or leave the column out"});
  }
  return Status::OK();
}

}  // namespace spillway::parquet
