// What the values of a column are like, in bounded memory and whatever order they come in: how many
// are NULL; how often each comes where they are few; and of numbers, dates and times the smallest
// and the largest, of numbers their mean, of floating-point numbers their quartiles, which are
// those of a sample.
//
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <arrow/array/array_base.h>

#include "base/status.h"

namespace spillway::pipeline {

struct ValueCount {
  std::string value;
  int64_t rows = 0;
};

using Quartiles = std::array<double, 3>;

// NaN aside.
struct ValueRange {
  std::variant<int64_t, double, std::string> smallest;  // dates and times as texts
  std::variant<int64_t, double, std::string> largest;
  std::optional<double> mean;          // of numbers
  std::optional<Quartiles> quartiles;  // of floating-point numbers, from a sample
};

// Counts the values of a column as long as they are few.
class ValueCounts {
 public:
  static constexpr size_t kMostValues = 32;

  // Adds the values that are not NULL. `hashes` are those of HashColumn.
  Status Add(const arrow::Array& values, const std::vector<uint64_t>& hashes);
  void Merge(const ValueCounts& other);

  bool few() const { return few_; }
  // The most frequent first; empty where they are not few.
  std::vector<ValueCount> Sorted() const;

 private:
  static constexpr size_t kSlots = 2 * kMostValues;
  static constexpr uint8_t kEmpty = 0xFF;

  // The counter for `hash`, and whether it is new, so that its text is to be filled in. Null where
  // there are too many values.
  std::pair<ValueCount*, bool> Find(uint64_t hash);

  bool few_ = true;
  std::array<uint8_t, kSlots> slots_ = MakeSlots();  // an open hash table of counters
  std::vector<uint64_t> hashes_;
  std::vector<ValueCount> counts_;

  static constexpr std::array<uint8_t, kSlots> MakeSlots() {
    std::array<uint8_t, kSlots> slots{};
    slots.fill(kEmpty);
    return slots;
  }
};

// A fair sample of values: those whose rows have the smallest keys.
class ValueSample {
 public:
  static constexpr size_t kSize = 1024;

  void Add(uint64_t key, double value);
  void Merge(const ValueSample& other);
  std::optional<Quartiles> Measure() const;

 private:
  std::vector<std::pair<uint64_t, double>> values_;  // a heap, the largest key first
};

class ValueSummary {
 public:
  explicit ValueSummary(std::shared_ptr<arrow::DataType> type);

  // Whether Add looks at the hashes of values.
  bool wants_hashes() const { return counts_.has_value() && counts_->few(); }

  // `hashes` are those of HashColumn; empty where they are not wanted.
  Status Add(const arrow::Array& values, const std::vector<uint64_t>& hashes);
  // Takes floating-point values for the quartiles; `keys` are random numbers of their rows. Other
  // types are left out.
  void Sample(const arrow::Array& values, const std::vector<uint64_t>& keys);
  void Merge(const ValueSummary& other);

  int64_t rows() const { return rows_; }
  int64_t nulls() const { return nulls_; }
  std::vector<ValueCount> Values() const;
  Result<std::optional<ValueRange>> Range() const;

 private:
  template <typename ArrayType>
  void Measure(const arrow::Array& values);

  std::shared_ptr<arrow::DataType> type_;
  int64_t rows_ = 0;
  int64_t nulls_ = 0;
  std::optional<ValueCounts> counts_;
  ValueSample sample_;
  // Of numbers, dates and times; the smallest and the largest as the type has them.
  int64_t numbers_ = 0;
  long double sum_ = 0;
  double smallest_double_ = std::numeric_limits<double>::infinity();
  double largest_double_ = -std::numeric_limits<double>::infinity();
  int64_t smallest_integer_ = std::numeric_limits<int64_t>::max();
  int64_t largest_integer_ = std::numeric_limits<int64_t>::min();
};

}  // namespace spillway::pipeline
