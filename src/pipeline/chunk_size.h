// How long chunks may be, and how they become shorter.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "pipeline/chunk.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

// So many times as long as asked for a chunk may be to end with a row group.
inline constexpr int64_t kMostChunkTimes = 3;

inline int64_t MostChunkRows(int64_t chunk_rows) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  return chunk_rows > kLargest / kMostChunkTimes ? kLargest : kMostChunkTimes * chunk_rows;
}

// The size to ask for so that chunks of these rows have at most half of what `chunks` have, which
// were cut for `chunk_rows`: half of that, or, where they would go on to the ends of row groups, so
// little that these are cut.
int64_t HalfChunkRows(const std::vector<PinnedFile>& files, const LeftOutRows& left_out,
                      const std::vector<Chunk>& chunks, int64_t chunk_rows);

}  // namespace spillway::pipeline
