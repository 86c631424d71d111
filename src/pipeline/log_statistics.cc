#include "pipeline/log_statistics.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <nlohmann/json.hpp>

#include "pipeline/believable_bounds.h"
#include "pipeline/table_scan.h"

namespace spillway::pipeline {
namespace {

// The texts of one column's entries.
struct Entries {
  std::optional<std::string> minimum;
  std::optional<std::string> maximum;
  std::optional<std::string> null_count;
};

// Takes the scalars of {"numRecords": .., "minValues": {column: ..}, ..} as they are written: a
// number that went through a double might not be the bound.
class EntryReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit EntryReader(std::map<std::string, Entries, std::less<>>* columns) : columns_(columns) {}

  const std::optional<std::string>& num_records() const { return num_records_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return Take(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Take(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Take(text); }
  bool string(string_t& text) override { return Take(std::move(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (depth_ == 1) section_ = name;
    if (depth_ == 2) column_ = std::move(name);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool Enter() {
    ++depth_;
    return true;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  bool Take(std::string text) {
    if (depth_ == 1 && section_ == "numRecords") {
      num_records_ = std::move(text);
      return true;
    }
    if (depth_ != 2) return true;
    const auto found = columns_->find(column_);
    if (found == columns_->end()) return true;
    if (section_ == "minValues") {
      found->second.minimum = std::move(text);
    } else if (section_ == "maxValues") {
      found->second.maximum = std::move(text);
    } else if (section_ == "nullCount") {
      found->second.null_count = std::move(text);
    }
    return true;
  }

  std::map<std::string, Entries, std::less<>>* const columns_;
  std::optional<std::string> num_records_;
  std::string section_;
  std::string column_;
  int depth_ = 0;  // of objects and arrays
};

using ScalarPointer = std::shared_ptr<arrow::Scalar>;

// An instant names its zone; which one is meant without it only its writer knows.
bool NamesZone(std::string_view text) {
  const size_t time = text.find_first_of("T ");
  return time != std::string_view::npos &&
         text.find_first_of("Z+-", time) != std::string_view::npos;
}

ScalarPointer ParseBound(const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
  const Result<ScalarPointer> scalar = ParsePartitionValue(type, text);
  return scalar.ok() && (*scalar)->is_valid ? *scalar : nullptr;
}

ScalarPointer TimestampBound(const std::shared_ptr<arrow::DataType>& type, const std::string& text,
                             int64_t more_micros) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
  if (timestamp.unit() != arrow::TimeUnit::MICRO) return nullptr;
  if (!timestamp.timezone().empty() && !NamesZone(text)) return nullptr;
  const ScalarPointer bound = ParseBound(type, text);
  int64_t micros = 0;
  if (bound == nullptr ||
      __builtin_add_overflow(static_cast<const arrow::TimestampScalar&>(*bound).value, more_micros,
                             &micros)) {
    return nullptr;
  }
  return std::make_shared<arrow::TimestampScalar>(micros, type);
}

// None where it would have to be rounded: a minimum must not become larger.
ScalarPointer DecimalBound(const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
  arrow::Decimal128 value;
  int32_t precision = 0;
  int32_t scale = 0;
  if (!arrow::Decimal128::FromString(text, &value, &precision, &scale).ok()) return nullptr;
  const auto rescaled = value.Rescale(scale, decimal.scale());
  if (!rescaled.ok() || !rescaled->FitsInPrecision(decimal.precision())) return nullptr;
  return std::make_shared<arrow::Decimal128Scalar>(*rescaled, type);
}

// `is_maximum`: else it is the minimum.
ScalarPointer MakeBound(const std::shared_ptr<arrow::DataType>& type, const std::string& text,
                        bool is_maximum) {
  constexpr int64_t kMostCutMicros = 999;
  constexpr int32_t kMostDoubleDigits = 15;
  switch (type->id()) {
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DATE32:
      return ParseBound(type, text);
    case arrow::Type::TIMESTAMP:
      return TimestampBound(type, text, is_maximum ? kMostCutMicros : -kMostCutMicros);
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
      return decimal.precision() > kMostDoubleDigits ? nullptr : DecimalBound(type, text);
    }
    case arrow::Type::STRING:
      // 0xFF is above every byte that a text goes on with.
      return arrow::MakeScalar(is_maximum ? text + '\xFF' : text);
    default:
      return nullptr;
  }
}

std::optional<int64_t> ToCount(const std::optional<std::string>& text) {
  int64_t count = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error != std::errc() || end != text->data() + text->size()) return -1;  // no count
  return count;
}

// Whether there can be such counts. What gives itself the lie says nothing of the rows.
bool AreCounts(const std::map<std::string, Entries, std::less<>>& columns,
               const std::optional<std::string>& num_records) {
  const std::optional<int64_t> rows = ToCount(num_records);
  if (rows && *rows < 0) return false;
  return std::ranges::all_of(columns, [&rows](const auto& column) {
    const std::optional<int64_t> nulls = ToCount(column.second.null_count);
    return !nulls || (*nulls >= 0 && (!rows || *nulls <= *rows));
  });
}

expression::KnownColumn Know(const std::shared_ptr<arrow::DataType>& type, const Entries& entries,
                             const std::optional<std::string>& num_records) {
  expression::KnownColumn known;
  // Some writers count what is inside of a list or a map.
  if (arrow::is_nested(type->id())) return known;
  if (entries.minimum) known.minimum = MakeBound(type, *entries.minimum, /*is_maximum=*/false);
  if (entries.maximum) known.maximum = MakeBound(type, *entries.maximum, /*is_maximum=*/true);
  for (ScalarPointer* bound : {&known.minimum, &known.maximum}) {
    if (*bound && IsBeforeCommonTime(**bound)) bound->reset();
  }
  if (known.minimum && known.maximum && IsAbove(*known.minimum, *known.maximum)) {
    known.minimum = known.maximum = nullptr;
  }
  known.may_be_null = entries.null_count != "0";
  const bool has_bound = entries.minimum || entries.maximum;
  known.may_be_value = has_bound || !entries.null_count || entries.null_count != num_records;
  return known;
}

}  // namespace

std::vector<expression::KnownColumn> ReadLogStatistics(const std::string& statistics,
                                                       const std::vector<LoggedColumn>& columns) {
  std::map<std::string, Entries, std::less<>> entries;
  for (const LoggedColumn& column : columns) entries[column.physical_name];
  EntryReader reader(&entries);
  std::vector<expression::KnownColumn> known(columns.size());
  if (statistics.empty() || !nlohmann::json::sax_parse(statistics, &reader)) return known;
  if (!AreCounts(entries, reader.num_records())) return known;
  for (size_t i = 0; i < columns.size(); ++i) {
    known[i] = Know(columns[i].type, entries[columns[i].physical_name], reader.num_records());
  }
  return known;
}

}  // namespace spillway::pipeline
