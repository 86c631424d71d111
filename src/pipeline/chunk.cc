#include "pipeline/chunk.h"

#include <algorithm>

#include "pipeline/chunk_size.h"

namespace spillway::pipeline {
namespace {

// Where row groups end, in rows that are read; ascending, each once.
std::vector<int64_t> RowGroupEnds(const std::vector<PinnedFile>& files,
                                  const LeftOutRows& left_out) {
  std::vector<int64_t> ends;
  for (const PinnedFile& file : files) {
    for (const PinnedRowGroup& group : file.row_groups) {
      ends.push_back(left_out.ReadBefore(file.first_ordinal + group.first_row));
    }
    ends.push_back(left_out.ReadBefore(file.end_ordinal()));
  }
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
  return ends;
}

// Where the chunk that begins at `first` ends, of rows up to `last`, all in rows that are read;
// `ends` are those of row groups.
int64_t ChunkEnd(const std::vector<int64_t>& ends, int64_t first, int64_t last,
                 int64_t chunk_rows) {
  if (last - first <= chunk_rows) return last;
  const int64_t exact = first + chunk_rows;
  const auto place = std::ranges::lower_bound(ends, exact);
  const int64_t after = place == ends.end() ? last : std::min(*place, last);
  const int64_t begin = place == ends.begin() ? first : *(place - 1);  // of the row group there
  const int64_t before = std::max(begin, first);

  const int64_t most_rows = MostChunkRows(chunk_rows);
  const int64_t slack = chunk_rows / 4;
  const bool is_near = before > first && exact - before <= slack;
  const bool is_after_better = !is_near || after - exact < exact - before;
  // A row group that is cut already gains nothing by a longer chunk.
  const bool may_be_after = begin >= first || after - exact <= slack;
  if (is_after_better && may_be_after && after - first <= most_rows) return after;
  const bool fits_next = before > first && after - before <= most_rows;
  return is_near || fits_next ? before : exact;
}

}  // namespace

std::vector<Chunk> CutChunks(const std::vector<PinnedFile>& files, const LeftOutRows& left_out,
                             int64_t first_ordinal, int64_t end_ordinal, int64_t chunk_rows) {
  std::vector<Chunk> chunks;
  const std::vector<int64_t> ends = RowGroupEnds(files, left_out);
  const int64_t last = left_out.ReadBefore(end_ordinal);
  int64_t read = left_out.ReadBefore(first_ordinal);
  for (int64_t first = first_ordinal; first < end_ordinal;) {
    const int64_t read_end = ChunkEnd(ends, read, last, chunk_rows);
    const int64_t end = read_end == last ? end_ordinal : left_out.EndOf(read_end);
    chunks.push_back({.first_ordinal = first,
                      .end_ordinal = end,
                      .left_out_rows = end - first - (read_end - read)});
    first = end;
    read = read_end;
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
