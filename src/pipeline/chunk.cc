#include "pipeline/chunk.h"

#include <algorithm>
#include <cstdlib>

namespace spillway::pipeline {
namespace {

// Where row groups end, ascending, each once.
std::vector<int64_t> RowGroupEnds(const std::vector<PinnedFile>& files) {
  std::vector<int64_t> ends;
  for (const PinnedFile& file : files) {
    for (const PinnedRowGroup& group : file.row_groups) {
      ends.push_back(file.first_ordinal + group.first_row);
    }
    ends.push_back(file.end_ordinal());
  }
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
  return ends;
}

}  // namespace

std::vector<Chunk> CutChunks(const std::vector<PinnedFile>& files, int64_t first_ordinal,
                             int64_t end_ordinal, int64_t chunk_rows) {
  std::vector<Chunk> chunks;
  const std::vector<int64_t> ends = RowGroupEnds(files);
  int64_t first = first_ordinal;
  while (first < end_ordinal) {
    const int64_t exact = first + std::min(chunk_rows, end_ordinal - first);
    int64_t end = exact;
    const int64_t slack = std::min(chunk_rows, end_ordinal - first) / 4;
    int64_t distance = slack + 1;
    for (auto place = std::ranges::lower_bound(ends, exact - slack);
         place != ends.end() && *place <= std::min(exact + slack, end_ordinal); ++place) {
      if (*place <= first || std::abs(*place - exact) >= distance) continue;
      distance = std::abs(*place - exact);
      end = *place;
    }
    chunks.push_back({.first_ordinal = first, .end_ordinal = end});
    first = end;
  }
  return chunks;
}

std::vector<Chunk> CutKeyChunks(int64_t first_ordinal, int64_t rows, int64_t end_ordinal,
                                int64_t chunk_rows) {
  std::vector<Chunk> chunks;
  int64_t first = first_ordinal;
  for (; first + chunk_rows < rows; first += chunk_rows) {
    chunks.push_back({.first_ordinal = first, .end_ordinal = first + chunk_rows});
  }
  chunks.push_back({.first_ordinal = first, .end_ordinal = end_ordinal});
  return chunks;
}

}  // namespace spillway::pipeline
