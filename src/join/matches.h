// What a key join may be asked for, and its result: which source row goes with which lookup row.
// Only row numbers move; the payload is fetched for them afterwards.
//
// Thread rule: plain values; the arrays are immutable.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

namespace spillway::join {

enum class JoinType {
  kLeftOuter,  // every source row, with lookup row -1 where nothing matches
  kInner,      // only the source rows that match
};

enum class DuplicatePolicy {
  kExpand,  // a source row is joined with every lookup row of its key, in lookup order
  kError,   // two lookup rows of one key fail the build with kDuplicateLookupKey
  kFirst,   // the first lookup row of a key is joined, the others are ignored
  kLast,    // the last one
};

// Whether of several lookup rows of a key only one is joined.
inline bool JoinsOneRow(DuplicatePolicy duplicates) {
  return duplicates == DuplicatePolicy::kFirst || duplicates == DuplicatePolicy::kLast;
}

// Whether a lookup row takes the place of an earlier one of its key, where only one is joined.
// `order` tells how its place in the order compares with the earlier one's: negative for before, 0
// where no order was asked for.
inline bool TakesPlace(DuplicatePolicy duplicates, int order) {
  return duplicates == DuplicatePolicy::kFirst ? order < 0 : order >= 0;
}

// A run of matches in the order of the source rows, and within a source row in lookup order.
struct Matches {
  // The rows are of `one_to_one` form when they are the source rows first_source_row,
  // first_source_row + 1, .. each exactly once: then a caller slices the source batch (or uses it
  // as it is) and `source_rows` is null. Otherwise `source_rows` has the source row of each match,
  // counted from the start of the probed arrays, without nulls: fit for arrow::compute::Take.
  bool one_to_one = false;
  int64_t first_source_row = 0;
  std::shared_ptr<arrow::Int64Array> source_rows;
  // The lookup row of each match, -1 for none; without nulls. For LookupIndex::Gather.
  std::shared_ptr<arrow::Int64Array> lookup_rows;
  // How many of `lookup_rows` are -1.
  int64_t unmatched = 0;

  int64_t num_rows() const;
};

}  // namespace spillway::join
