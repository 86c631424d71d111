// Joins by ranges of keys. Where source and lookup are clustered by key, as tables that were sorted
// or written in the order of their keys are, the footers' statistics bound what rows of the lookup
// a piece of the source can match. Consecutive pieces then share an index of those rows alone, one
// range of keys after another: no lookup row is spilled, and few are read twice. That the rows
// within a row group are sorted is not needed.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/bound_pipeline.h"
#include "pipeline/piece.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

// A run of a table's rows.
struct RowRange {
  int64_t first_ordinal;
  int64_t end_ordinal;
};

std::vector<RowRange> RowGroupsOf(const PinnedTable& table);

// Pieces that follow each other, and all rows of the lookup that theirs can match.
struct KeyRange {
  int64_t end_piece = 0;       // by Piece::number; the first one is where the range before ends
  std::vector<RowRange> rows;  // ascending
};

struct KeyRangePlan {
  std::vector<KeyRange> ranges;  // of all pieces
  int64_t index_bytes = 0;       // the most that the index of one range takes
  int64_t rows_read = 0;         // of all ranges together, deleted ones included
};

// Cuts `pieces` into as few ranges as do with `most_index_bytes` each. None where the statistics do
// not bound the keys, where one piece needs more, or where so many lookup rows would be read twice
// that a join out of core is better. Where duplicate keys are an error, the same holds of the
// checks for them (key_checks.h), and index_bytes is of these too.
std::optional<KeyRangePlan> CutKeyRanges(const BoundLookup& lookup, const PinnedTable& source,
                                         const PinnedTable& table, const std::vector<Piece>& pieces,
                                         int64_t most_index_bytes);

// The wanted columns of source and lookup whose bounds CutKeyRanges looks at.
std::optional<size_t> BoundedSourceColumn(const BoundLookup& lookup, size_t source_columns);
std::optional<size_t> BoundedLookupColumn(const BoundLookup& lookup);

}  // namespace spillway::pipeline
