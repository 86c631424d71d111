// Row groups with the bounds of their keys, and what an index of some of them takes.
//
// Thread rule: immutable values and free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/bound_pipeline.h"
#include "pipeline/key_ranges.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

struct BoundedGroup {
  RowRange rows;
  int64_t bytes;              // of the wanted columns, as stored
  const ValueBounds* bounds;  // of the key

  int64_t num_rows() const { return rows.end_ordinal - rows.first_ordinal; }
};

// The row groups with rows, in their order; none where the bounds of one are not known.
std::optional<std::vector<BoundedGroup>> BoundedGroupsOf(const PinnedTable& table, size_t column);

// What the index of a part of a lookup takes at most.
class IndexShare {
 public:
  IndexShare(const BoundLookup& lookup, const PinnedTable& table,
             const std::vector<BoundedGroup>& groups);

  // Of row groups with so many rows and bytes.
  int64_t BytesOf(int64_t rows, int64_t bytes) const;

 private:
  const int64_t all_rows_;
  const int64_t whole_index_bytes_;
  int64_t all_bytes_ = 0;
};

// Whether that is so many of a lookup's rows that joining it out of core is better.
bool ReadsTooMany(int64_t rows_read, const PinnedTable& table);

}  // namespace spillway::pipeline
