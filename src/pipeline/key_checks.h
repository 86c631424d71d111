// Where a lookup is joined by ranges of keys and duplicate keys are an error, all its keys are
// looked through before anything is written: whether source rows have them or not, as the other
// forms of the join do. A range has only what its pieces can match, and comes when chunks are
// committed.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/bound_pipeline.h"
#include "pipeline/key_ranges.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

struct KeyChecks {
  // One after another; all rows of one key are in one of them. Those that a check has ascend.
  std::vector<std::vector<RowRange>> checks;
  int64_t rows = 0;         // of all of them, deleted ones included
  int64_t index_bytes = 0;  // the most that the index of one takes
};

// Cuts the lookup's keys into as few checks as do with `most_index_bytes` each. None where the
// statistics do not bound the keys, where a key is an expression, or as CutKeyRanges says.
std::optional<KeyChecks> CutKeyChecks(const BoundLookup& lookup, const PinnedTable& table,
                                      int64_t most_index_bytes);

// The checks of a lookup that is joined by these ranges; none where duplicates are no error.
KeyChecks ChecksOf(const BoundLookup& lookup, const PinnedTable& table, const KeyRangePlan& ranges);

}  // namespace spillway::pipeline
