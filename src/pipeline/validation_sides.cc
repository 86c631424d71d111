#include "pipeline/validation_sides.h"

#include <algorithm>

namespace spillway::pipeline {

void ValidationSides::StartPhase(int64_t rows) const {
  context_.progress->rows_done = 0;
  context_.progress->total_rows = rows;
  context_.progress->phase = Phase::kChunks;
}

Result<int> ValidationSides::GrantForStored() const {
  const parquet::ReadMemory& read = stored_.table->read_memory(0);
  // The values of the sample are copied.
  const int64_t lane_bytes = std::max<int64_t>(read.total_bytes() + read.largest_batch_bytes(), 1);
  const int64_t free_bytes = context_.memory.governor().free_bytes();
  const int64_t lanes = std::clamp<int64_t>(free_bytes / lane_bytes, 1, context_.plan.lanes);
  // One lane may be estimated at more than there is; then the pool has the last word.
  ARROW_RETURN_NOT_OK(
      context_.memory.GrantForReading(std::min(lanes * read.total_bytes(), free_bytes)));
  return static_cast<int>(lanes);
}

}  // namespace spillway::pipeline
