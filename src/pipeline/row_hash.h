// Hashes of column values, for comparing tables as multisets: equal values have equal hashes,
// whatever arrays they stand in, and the sum over all rows does not depend on their order.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <vector>

#include <arrow/array/array_base.h>

#include "base/status.h"

namespace spillway::pipeline {

// The hash of each row's value; of NULL a fixed one. Floating-point values are compared by their
// bits, because a copy keeps them. Fails with kUnsupportedType on unions, run-end and dictionary
// encodings.
Result<std::vector<uint64_t>> HashColumn(const arrow::Array& column);

// The hash of each row by whether its value is NULL, and by nothing else.
std::vector<uint64_t> HashNulls(const arrow::Array& column);

// Folds the hashes of a further column into those of rows: of all of them, or of those at `places`.
void CombineHashes(const std::vector<uint64_t>& column, std::vector<uint64_t>* rows);
void CombineHashes(const std::vector<uint64_t>& column, const std::vector<int64_t>& places,
                   std::vector<uint64_t>* rows);

// The multiset of many hashes: their number, and two sums that single changes cannot keep both.
struct MultisetHash {
  uint64_t sum = 0;
  uint64_t sum_of_mixed = 0;
  int64_t count = 0;

  void Add(const std::vector<uint64_t>& hashes);
  void Add(const MultisetHash& other);
  bool operator==(const MultisetHash&) const = default;
};

}  // namespace spillway::pipeline
