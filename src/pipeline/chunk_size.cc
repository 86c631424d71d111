#include "pipeline/chunk_size.h"

#include <algorithm>

namespace spillway::pipeline {
namespace {

int64_t LongestOf(const std::vector<Chunk>& chunks) {
  int64_t longest = 0;
  for (const Chunk& chunk : chunks) longest = std::max(longest, chunk.num_rows());
  return longest;
}

}  // namespace

int64_t HalfChunkRows(const std::vector<PinnedFile>& files, const LeftOutRows& left_out,
                      const std::vector<Chunk>& chunks, int64_t chunk_rows) {
  const int64_t half = std::max<int64_t>(1, chunk_rows / 2);
  if (chunks.empty()) return half;
  const int64_t most = std::max(half, LongestOf(chunks) / 2);
  const std::vector<Chunk> halves =
      CutChunks(files, left_out, chunks.front().first_ordinal, chunks.back().end_ordinal, half);
  return LongestOf(halves) <= most ? half : std::max<int64_t>(1, most / kMostChunkTimes);
}

}  // namespace spillway::pipeline
