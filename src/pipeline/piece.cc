#include "pipeline/piece.h"

#include <algorithm>

namespace spillway::pipeline {
namespace {

// The rows of one row group that belong to a chunk.
struct Part {
  size_t file;
  int64_t first_ordinal;
  int64_t end_ordinal;
  bool spliced;
  int64_t bytes;
};

std::vector<Part> PartsOf(const Chunk& chunk, const std::vector<PinnedFile>& files,
                          const SplicePlan& splice) {
  std::vector<Part> parts;
  auto file = std::ranges::upper_bound(files, chunk.first_ordinal, {}, &PinnedFile::first_ordinal);
  if (file != files.begin()) --file;
  for (; file != files.end() && file->first_ordinal < chunk.end_ordinal; ++file) {
    const FileSplice& plan = splice.files[static_cast<size_t>(file - files.begin())];
    for (size_t i = 0; i < file->row_groups.size(); ++i) {
      const PinnedRowGroup& group = file->row_groups[i];
      const int64_t begin = file->first_ordinal + group.first_row;
      const int64_t end = begin + group.num_rows;
      const int64_t first = std::max(begin, chunk.first_ordinal);
      const int64_t last = std::min(end, chunk.end_ordinal);
      if (first >= last || group.left_out) continue;
      parts.push_back({static_cast<size_t>(file - files.begin()), first, last, plan.splices[i],
                       group.compressed_bytes * (last - first) / group.num_rows});
    }
  }
  return parts;
}

// Gives the piece the rows behind it up to `end`, which are left out.
void LeaveOutUpTo(int64_t end, Piece* piece) {
  piece->left_out_rows += end - piece->end_ordinal;
  piece->end_ordinal = end;
}

}  // namespace

std::vector<Piece> CutPieces(const std::vector<Chunk>& chunks, const std::vector<PinnedFile>& files,
                             const SplicePlan& splice, int64_t piece_bytes) {
  std::vector<Piece> pieces;
  for (size_t number = 0; number < chunks.size(); ++number) {
    const Chunk& chunk = chunks[number];
    const std::vector<Part> parts =
        chunk.kept ? std::vector<Part>() : PartsOf(chunk, files, splice);
    if (parts.empty()) {
      pieces.push_back({.chunk = number,
                        .number = static_cast<int64_t>(pieces.size()),
                        .first_ordinal = chunk.first_ordinal,
                        .end_ordinal = chunk.end_ordinal,
                        .kept = chunk.kept,
                        .left_out_rows = chunk.left_out_rows});
      continue;
    }
    int64_t begin = chunk.first_ordinal;  // of the next piece
    int64_t bytes = piece_bytes;          // as if full: the first part begins a piece
    size_t file = 0;                      // of the last part
    for (const Part& part : parts) {
      const bool is_full = bytes >= piece_bytes;
      if (is_full || pieces.back().spliced != part.spliced || (part.spliced && part.file != file)) {
        if (begin > chunk.first_ordinal) LeaveOutUpTo(part.first_ordinal, &pieces.back());
        if (begin > chunk.first_ordinal) begin = part.first_ordinal;
        pieces.push_back({.chunk = number,
                          .number = static_cast<int64_t>(pieces.size()),
                          .first_ordinal = begin,
                          .end_ordinal = begin,
                          .spliced = part.spliced});
        bytes = 0;
      }
      LeaveOutUpTo(part.first_ordinal, &pieces.back());
      begin = pieces.back().end_ordinal = part.end_ordinal;
      bytes += part.bytes;
      file = part.file;
    }
    LeaveOutUpTo(chunk.end_ordinal, &pieces.back());
  }
  return pieces;
}

int64_t CountRows(const std::vector<Piece>& pieces) {
  int64_t rows = 0;
  for (const Piece& piece : pieces) rows += piece.num_rows();
  return rows;
}

}  // namespace spillway::pipeline
