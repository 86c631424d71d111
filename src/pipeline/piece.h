// A piece: the source rows that one lane works on at a time, a part of a chunk.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pipeline/chunk.h"
#include "pipeline/pinned_table.h"
#include "pipeline/splice_plan.h"

namespace spillway::pipeline {

struct Piece {
  size_t chunk = 0;    // its number among the chunks that were cut
  int64_t number = 0;  // among all pieces
  int64_t first_ordinal = 0;
  int64_t end_ordinal = 0;
  bool spliced = false;                       // whole row groups of one file, which all splice
  std::optional<size_t> kept = std::nullopt;  // as Chunk: its files are written
  int64_t left_out_rows = 0;                  // that are not read

  int64_t num_rows() const { return end_ordinal - first_ordinal - left_out_rows; }
};

// Cuts chunks into pieces, in the order of their rows. A piece holds either row groups that splice,
// or rows to decode; it ends where a row group or a file ends, once it has `piece_bytes` of them.
// Rows that are left out belong to the piece before them, those at a chunk's begin to its first
// one. A chunk without rows has one piece, as has one that was kept. `splice` is of the same
// chunks.
std::vector<Piece> CutPieces(const std::vector<Chunk>& chunks, const std::vector<PinnedFile>& files,
                             const SplicePlan& splice, int64_t piece_bytes);

int64_t CountRows(const std::vector<Piece>& pieces);

}  // namespace spillway::pipeline
