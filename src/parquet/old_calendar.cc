#include "parquet/old_calendar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include <arrow/array.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include "base/error.h"
#include "parquet/data_file.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kFirstDay = -141'427;  // 15 October 1582
constexpr int64_t kSecondsOfDay = 86'400;
constexpr int64_t kFirstSecondInAnyZone = -2'208'988'800;  // 1 January 1900, UTC
constexpr int64_t kMicros = 1'000'000;

struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};

// Of Spark, "3.5.1" or "4.2.0-SNAPSHOT"; none where it is no such text.
std::optional<Version> ParseVersion(std::string_view text) {
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{}) return std::nullopt;
  return version;
}

// Arrow's ticks of a unit in a second.
int64_t TicksOf(::parquet::LogicalType::TimeUnit::unit unit) {
  switch (unit) {
    case ::parquet::LogicalType::TimeUnit::MILLIS:
      return 1'000;
    case ::parquet::LogicalType::TimeUnit::NANOS:
      return 1'000 * kMicros;
    default:
      return kMicros;
  }
}

// The least value of a column chunk of integers, if the footer has it.
std::optional<int64_t> Minimum(const ::parquet::ColumnChunkMetaData& chunk) {
  const auto statistics = chunk.statistics();
  if (statistics == nullptr || !statistics->HasMinMax()) return std::nullopt;
  if (chunk.type() == ::parquet::Type::INT32) {
    return static_cast<const ::parquet::Int32Statistics&>(*statistics).min();
  }
  if (chunk.type() == ::parquet::Type::INT64) {
    return static_cast<const ::parquet::Int64Statistics&>(*statistics).min();
  }
  return std::nullopt;
}

template <typename Values>
bool HasBefore(const Values& values, int64_t first) {
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsValid(i) && values.Value(i) < first) return true;
  }
  return false;
}

bool HasAmbiguous(const arrow::Array& values, int64_t first_second) {
  switch (values.type_id()) {
    case arrow::Type::DATE32:
      return HasBefore(static_cast<const arrow::Date32Array&>(values), kFirstDay);
    case arrow::Type::TIMESTAMP:
      return HasBefore(static_cast<const arrow::TimestampArray&>(values), first_second * kMicros);
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      const auto& lists = static_cast<const arrow::ListArray&>(values);
      const int64_t begin = lists.value_offset(0);
      const int64_t size = lists.value_offset(lists.length()) - begin;
      return HasAmbiguous(*lists.values()->Slice(begin, size), first_second);
    }
    case arrow::Type::STRUCT: {
      const auto& rows = static_cast<const arrow::StructArray&>(values);
      for (int i = 0; i < rows.num_fields(); ++i) {
        if (HasAmbiguous(*rows.field(i), first_second)) return true;
      }
      return false;
    }
    default:
      return false;
  }
}

}  // namespace

OldCalendar::OldCalendar(const DataFile& file) : path_(file.path), metadata_(file.metadata) {
  const auto& marks = metadata_->key_value_metadata();
  if (marks == nullptr) return;
  const auto version = ParseVersion(marks->Get("org.apache.spark.version").ValueOr(""));
  const auto is_before = [&version](Version other) { return version && *version < other; };
  counts_dates_ = is_before({3, 0}) || marks->Contains("org.apache.spark.legacyDateTime");
  counts_int96_ = is_before({3, 1}) || marks->Contains("org.apache.spark.legacyINT96");
  constexpr std::array<std::string_view, 4> kNeverAhead = {"UTC", "Etc/UTC", "GMT", "Z"};
  const std::string zone = marks->Get("org.apache.spark.timeZone").ValueOr("");
  first_second_ = std::ranges::find(kNeverAhead, zone) != kNeverAhead.end()
                      ? kFirstDay * kSecondsOfDay
                      : kFirstSecondInAnyZone;
  if (counts_dates_ || counts_int96_) leaf_ranges_ = LeafRangesOf(*metadata_->schema());
}

bool OldCalendar::CountsLeaf(int leaf) const {
  const ::parquet::ColumnDescriptor& column = *metadata_->schema()->Column(leaf);
  if (column.physical_type() == ::parquet::Type::INT96) return counts_int96_;
  const auto& logical = column.logical_type();
  return counts_dates_ && (logical->is_date() || logical->is_timestamp());
}

std::vector<int> OldCalendar::LeavesOf(int field) const {
  std::vector<int> leaves;
  if (leaf_ranges_.empty()) return leaves;
  const LeafRange& range = leaf_ranges_[static_cast<size_t>(field)];
  for (int leaf = range.first; leaf < range.first + range.count; ++leaf) {
    if (CountsLeaf(leaf)) leaves.push_back(leaf);
  }
  return leaves;
}

// The least value of the leaf's that is not ambiguous.
int64_t OldCalendar::FirstOf(const ::parquet::ColumnDescriptor& leaf) const {
  const auto& logical = leaf.logical_type();
  if (logical->is_date()) return kFirstDay;
  if (!logical->is_timestamp()) return std::numeric_limits<int64_t>::min();
  const auto& instants = static_cast<const ::parquet::TimestampLogicalType&>(*logical);
  const int64_t ticks = TicksOf(instants.time_unit());
  // Nanoseconds reach back to 1677 only.
  const int64_t least = std::numeric_limits<int64_t>::min() / ticks;
  return std::max(first_second_, least) * ticks;
}

Status OldCalendar::CheckStatistics(int field, const std::string& column) const {
  for (const int leaf : LeavesOf(field)) {
    const int64_t first = FirstOf(*metadata_->schema()->Column(leaf));
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const std::optional<int64_t> least = Minimum(*metadata_->RowGroup(group)->ColumnChunk(leaf));
      if (least && *least < first) return Refuse(column);
    }
  }
  return Status::OK();
}

Status OldCalendar::CheckValues(const arrow::Array& values, const std::string& column) const {
  return HasAmbiguous(values, first_second_) ? Refuse(column) : Status::OK();
}

Status OldCalendar::Refuse(const std::string& column) const {
  return MakeError(
      {.code = ErrorCode::kUnsupportedFeature,
       .what = fmt::format("column {} has dates in the old (Julian) calendar", column),
       .where = path_,
       .why = fmt::format("Spark 2, or a later Spark in legacy mode, wrote dates before 15 October "
                          "1582 in the Julian calendar, and timestamps before {} in the same way",
                          first_second_ == kFirstSecondInAnyZone ? "1900" : "that day"),
       .cure = "rewrite the table in Spark with spark.sql.parquet.datetimeRebaseModeInWrite and "
               "spark.sql.parquet.int96RebaseModeInWrite set to CORRECTED"});
}

}  // namespace spillway::parquet
