// A chunk: a run of source rows that are committed together.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

// Its ordinals count the source's rows in the order of the chunks: in source order they are those
// of the rows themselves. In key order they count the rows that `where` and inner lookups keep,
// sorted, and the last chunk ends with the number of the source's rows.
struct Chunk {
  int64_t first_ordinal = 0;
  int64_t end_ordinal = 0;                    // behind its last row; the commit's txn version
  std::optional<size_t> kept = std::nullopt;  // that of the plan's kept pieces which it is
  int64_t left_out_rows = 0;                  // that are not read

  int64_t num_rows() const { return end_ordinal - first_ordinal - left_out_rows; }
};

// Cuts the rows from `first_ordinal` to `end_ordinal` into chunks of about `chunk_rows` (> 0) that
// are read. Rows that are left out belong to the chunk of those around them; if all are, they are
// one chunk. Chunks end where row groups end, so that none is decoded for two of them: near to that
// size, or behind it, with at most MostChunkRows (chunk_size.h), or before it where the row group
// there fits the next chunk. Only one of more than that is cut, after exactly chunk_rows.
std::vector<Chunk> CutChunks(const std::vector<PinnedFile>& files, const LeftOutRows& left_out,
                             int64_t first_ordinal, int64_t end_ordinal, int64_t chunk_rows);

// Cuts rows in key order, of which there are at most `rows`, from the `first_ordinal`-th on into
// chunks of `chunk_rows` (> 0). The last one, which may be empty, ends with `end_ordinal`.
std::vector<Chunk> CutKeyChunks(int64_t first_ordinal, int64_t rows, int64_t end_ordinal,
                                int64_t chunk_rows);

}  // namespace spillway::pipeline
