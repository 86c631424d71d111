// Which rows differ between the two sides of a validation, and in what. The rows of a few buckets
// that differ are held by value, matched by their hashes, and what is left over is paired: first
// rows of one identity, then rows that are alike in at least half of their columns.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "pipeline/compared_rows.h"
#include "pipeline/fingerprint.h"

namespace spillway::pipeline {

// The buckets whose rows are looked at, out of those that differ.
struct ExaminedBuckets {
  bool timeless = false;        // of SideBuckets::timeless_rows
  int shift = 0;                // see RowBuckets
  std::vector<size_t> buckets;  // ascending
  size_t different = 0;

  bool Contain(uint64_t identity) const {
    return std::ranges::binary_search(buckets, static_cast<size_t>(identity >> shift));
  }
  // The share of the rows that differ that is expected in them.
  double share() const {
    return static_cast<double>(buckets.size()) / static_cast<double>(different);
  }
};

// As many buckets as hold rows for a few MiB.
ExaminedBuckets ChooseBuckets(const Comparison& comparison, const SideBuckets& expected,
                              const SideBuckets& stored, bool timeless);

struct ExaminedRow {
  uint64_t identity = 0;
  uint64_t hash = 0;
  std::vector<uint64_t> values;    // their hashes, by column; 0 of a derived one outside the sample
  std::vector<std::string> texts;  // likewise; empty
};

// Takes the rows of the examined buckets out of one side. What it is given outlives it.
class RowExaminer {
 public:
  RowExaminer(const Comparison& comparison, const ExaminedBuckets& examined)
      : comparison_(&comparison), examined_(&examined) {}

  Status Add(const ComparedRows& rows);
  void Merge(const RowExaminer& other);

  std::vector<ExaminedRow> TakeRows() { return std::move(rows_); }

 private:
  Status Examine(const ComparedRows& rows, const std::vector<uint64_t>& identities,
                 const std::vector<size_t>& wanted);
  std::optional<size_t> PlaceOf(const ComparedRows& rows, size_t column, size_t row) const;

  const Comparison* comparison_;
  const ExaminedBuckets* examined_;
  std::vector<ExaminedRow> rows_;
};

struct ValueDifference {
  std::string column;
  std::string expected;
  std::string stored;
};

enum class RowFate {
  kChanged,  // stored with other values
  kMissing,  // expected, and not stored
  kExtra,    // stored, and not expected
};

// One row that differs.
struct RowDifference {
  RowFate fate = RowFate::kChanged;
  std::vector<std::pair<std::string, std::string>> row;  // names and values that tell it apart
  std::vector<ValueDifference> values;                   // of a changed one
};

struct RowDifferences {
  bool examined = false;  // false: too many rows are in one bucket; nothing else is known
  bool exact = false;     // else the numbers are extrapolated from the examined buckets
  int64_t changed = 0;
  int64_t missing = 0;
  int64_t extra = 0;
  std::vector<int64_t> changed_by_column;
  std::vector<RowDifference> examples;
};

// `is_compared` says which columns count.
RowDifferences DescribeDifferences(const Comparison& comparison,
                                   const std::vector<bool>& is_compared,
                                   const ExaminedBuckets& examined,
                                   const std::vector<ExaminedRow>& expected,
                                   const std::vector<ExaminedRow>& stored);

}  // namespace spillway::pipeline
