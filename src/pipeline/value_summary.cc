#include "pipeline/value_summary.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <arrow/array/array_primitive.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "pipeline/value_text.h"

namespace spillway::pipeline {
namespace {

// Types whose values are worth counting one by one; those of others hardly come twice.
bool MayBeFew(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || type.id() == arrow::Type::STRING ||
         type.id() == arrow::Type::LARGE_STRING || arrow::is_integer(type.id()) ||
         arrow::is_floating(type.id()) || arrow::is_decimal(type.id()) ||
         arrow::is_temporal(type.id());
}

// Calls `visit(row, value)` for each value of `values` that is not NULL.
template <typename ArrayType, typename Visit>
void ForEachValue(const arrow::Array& values, Visit&& visit) {
  const auto& typed = static_cast<const ArrayType&>(values);
  const bool has_nulls = typed.null_count() > 0;
  for (int64_t row = 0; row < typed.length(); ++row) {
    if (has_nulls && typed.IsNull(row)) continue;
    visit(row, typed.Value(row));
  }
}

// The value at rank `part` of the way through `sorted`, between its neighbours.
double ValueAt(const std::vector<double>& sorted, double part) {
  const double rank = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - std::floor(rank)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::pair<ValueCount*, bool> ValueCounts::Find(uint64_t hash) {
  size_t slot = hash % kSlots;
  for (; slots_[slot] != kEmpty; slot = (slot + 1) % kSlots) {
    if (hashes_[slots_[slot]] == hash) return {&counts_[slots_[slot]], false};
  }
  if (counts_.size() == kMostValues) {
    *this = ValueCounts();
    few_ = false;
    return {nullptr, false};
  }
  slots_[slot] = static_cast<uint8_t>(counts_.size());
  hashes_.push_back(hash);
  counts_.emplace_back();
  return {&counts_.back(), true};
}

Status ValueCounts::Add(const arrow::Array& values, const std::vector<uint64_t>& hashes) {
  const bool has_nulls = values.null_count() > 0;
  for (int64_t row = 0; few_ && row < values.length(); ++row) {
    if (has_nulls && values.IsNull(row)) continue;
    const auto [count, is_new] = Find(hashes[static_cast<size_t>(row)]);
    if (count == nullptr) break;
    if (is_new) {
      ARROW_ASSIGN_OR_RAISE(count->value, ValueText(values, row));
    }
    ++count->rows;
  }
  return Status::OK();
}

void ValueCounts::Merge(const ValueCounts& other) {
  if (!other.few_) {
    *this = ValueCounts();
    few_ = false;
  }
  for (size_t i = 0; few_ && i < other.counts_.size(); ++i) {
    const auto [count, is_new] = Find(other.hashes_[i]);
    if (count == nullptr) break;
    if (is_new) count->value = other.counts_[i].value;
    count->rows += other.counts_[i].rows;
  }
}

std::vector<ValueCount> ValueCounts::Sorted() const {
  std::vector<ValueCount> sorted = counts_;
  std::ranges::sort(sorted, [](const ValueCount& left, const ValueCount& right) {
    return left.rows != right.rows ? left.rows > right.rows : left.value < right.value;
  });
  return sorted;
}

void ValueSample::Add(uint64_t key, double value) {
  const std::pair entry(key, value);
  if (values_.size() == kSize) {
    if (entry >= values_.front()) return;
    std::ranges::pop_heap(values_);
    values_.pop_back();
  }
  values_.push_back(entry);
  std::ranges::push_heap(values_);
}

void ValueSample::Merge(const ValueSample& other) {
  for (const auto& [key, value] : other.values_) Add(key, value);
}

std::optional<Quartiles> ValueSample::Measure() const {
  if (values_.empty()) return std::nullopt;
  std::vector<double> sorted;
  for (const auto& entry : values_) sorted.push_back(entry.second);
  std::ranges::sort(sorted);
  return Quartiles{ValueAt(sorted, 0.25), ValueAt(sorted, 0.5), ValueAt(sorted, 0.75)};
}

ValueSummary::ValueSummary(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {
  if (MayBeFew(*type_)) counts_.emplace();
}

template <typename ArrayType>
void ValueSummary::Measure(const arrow::Array& values) {
  using Value = typename ArrayType::value_type;
  ForEachValue<ArrayType>(values, [this](int64_t, Value value) {
    if constexpr (std::is_floating_point_v<Value>) {
      if (std::isnan(value)) return;
      smallest_double_ = std::min<double>(smallest_double_, value);
      largest_double_ = std::max<double>(largest_double_, value);
    } else {
      smallest_integer_ = std::min<int64_t>(smallest_integer_, value);
      largest_integer_ = std::max<int64_t>(largest_integer_, value);
    }
    ++numbers_;
    sum_ += static_cast<long double>(value);
  });
}

Status ValueSummary::Add(const arrow::Array& values, const std::vector<uint64_t>& hashes) {
  rows_ += values.length();
  nulls_ += values.null_count();
  if (wants_hashes()) ARROW_RETURN_NOT_OK(counts_->Add(values, hashes));
  switch (values.type_id()) {
    case arrow::Type::INT8:
      Measure<arrow::Int8Array>(values);
      break;
    case arrow::Type::INT16:
      Measure<arrow::Int16Array>(values);
      break;
    case arrow::Type::INT32:
      Measure<arrow::Int32Array>(values);
      break;
    case arrow::Type::INT64:
      Measure<arrow::Int64Array>(values);
      break;
    case arrow::Type::DATE32:
      Measure<arrow::Date32Array>(values);
      break;
    case arrow::Type::TIMESTAMP:
      Measure<arrow::TimestampArray>(values);
      break;
    case arrow::Type::FLOAT:
      Measure<arrow::FloatArray>(values);
      break;
    case arrow::Type::DOUBLE:
      Measure<arrow::DoubleArray>(values);
      break;
    default:
      break;
  }
  return Status::OK();
}

void ValueSummary::Sample(const arrow::Array& values, const std::vector<uint64_t>& keys) {
  const auto sample = [this, &keys](int64_t row, double value) {
    if (!std::isnan(value)) sample_.Add(keys[static_cast<size_t>(row)], value);
  };
  if (values.type_id() == arrow::Type::FLOAT) ForEachValue<arrow::FloatArray>(values, sample);
  if (values.type_id() == arrow::Type::DOUBLE) ForEachValue<arrow::DoubleArray>(values, sample);
}

void ValueSummary::Merge(const ValueSummary& other) {
  rows_ += other.rows_;
  nulls_ += other.nulls_;
  if (counts_) counts_->Merge(*other.counts_);
  sample_.Merge(other.sample_);
  numbers_ += other.numbers_;
  sum_ += other.sum_;
  smallest_double_ = std::min(smallest_double_, other.smallest_double_);
  largest_double_ = std::max(largest_double_, other.largest_double_);
  smallest_integer_ = std::min(smallest_integer_, other.smallest_integer_);
  largest_integer_ = std::max(largest_integer_, other.largest_integer_);
}

std::vector<ValueCount> ValueSummary::Values() const {
  return counts_ ? counts_->Sorted() : std::vector<ValueCount>();
}

Result<std::optional<ValueRange>> ValueSummary::Range() const {
  if (numbers_ == 0) return std::nullopt;
  const auto mean = static_cast<double>(sum_ / static_cast<long double>(numbers_));
  if (arrow::is_floating(type_->id())) {
    return ValueRange{.smallest = smallest_double_,
                      .largest = largest_double_,
                      .mean = mean,
                      .quartiles = sample_.Measure()};
  }
  if (arrow::is_integer(type_->id())) {
    return ValueRange{.smallest = smallest_integer_, .largest = largest_integer_, .mean = mean};
  }
  ARROW_ASSIGN_OR_RAISE(const auto smallest, arrow::MakeScalar(type_, smallest_integer_));
  ARROW_ASSIGN_OR_RAISE(const auto largest, arrow::MakeScalar(type_, largest_integer_));
  return ValueRange{.smallest = smallest->ToString(), .largest = largest->ToString()};
}

}  // namespace spillway::pipeline
