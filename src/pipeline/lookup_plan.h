// What a lookup takes, as an index in memory or joined out of core.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "join/external_join_plan.h"
#include "pipeline/bound_pipeline.h"
#include "pipeline/piece.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

// Whether what is spilled is compressed.
inline constexpr bool kCompressSpilled = true;

// What a derived value without a fixed width is taken to be: the strings of a CASE are short, and
// what is longer is bounded by the pool.
inline constexpr int64_t kDerivedValueBytes = 32;

// The decoded bytes of a projection's column: those of the columns it reads.
int64_t ProjectionBytes(const Projection& projection, const PinnedTable& table);

// The columns of the lookup's build_schema that are its key.
std::vector<int> KeyColumnsOf(const BoundLookup& lookup);

// The most that building the index of `lookup` from `table` takes, its result included.
int64_t IndexBytes(const BoundLookup& lookup, const PinnedTable& table);

// An index that takes more than this is large: most rows of it are found by a miss of the CPU's
// caches and of its TLB, at a hundred nanoseconds each.
inline constexpr int64_t kLargeIndexBytes = 512 * kMiB;

// Whether `lookup` is joined faster out of core although its index may fit: that is large, and all
// that moves instead, each source row's match included, is not much more. Measured, see decision
// 0005.
bool IsFasterOutOfCore(const BoundLookup& lookup, const PinnedTable& table,
                       const std::vector<Piece>& pieces, int64_t large_index_bytes);

// The columns of the lookup's build_schema that its index keeps as numbers of few texts.
std::vector<int> CodedColumns(const BoundLookup& lookup, const PinnedTable& table);

// How `lookup` is joined with the rows of `pieces` out of core, within `budget_bytes`; with too
// little, the join is as small as can be.
join::ExternalJoinPlan PlanExternalLookup(const BoundLookup& lookup, const PinnedTable& table,
                                          const std::vector<Piece>& pieces, int lanes,
                                          int64_t budget_bytes);

}  // namespace spillway::pipeline
