// How large the pieces are in which a run works. They follow from the memory that is there: with
// little of it the same job works in smaller batches, pages and row groups.
//
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/units.h"
#include "parquet/reader.h"

namespace spillway::pipeline {

struct WorkSizes {
  int64_t batch_rows = 0;
  int64_t batch_bytes = 0;        // aimed at, decoded
  int64_t buffer_bytes = 0;       // read at a time, for each column
  int64_t row_group_bytes = 0;    // of the target's files, encoded
  int64_t page_bytes = 0;         // of the target's files
  int64_t copy_buffer_bytes = 0;  // through which column chunks are copied
};

// The sizes for `working_bytes` of memory, which may be nothing: then they are the smallest there
// are.
inline WorkSizes SizesFor(int64_t working_bytes) {
  return {.batch_rows = std::clamp<int64_t>(working_bytes / 4096, 4096, 65536),
          .batch_bytes = std::clamp<int64_t>(working_bytes / 32, 512 * kKiB, 16 * kMiB),
          .buffer_bytes = std::clamp<int64_t>(working_bytes / 2048, 16 * kKiB, 256 * kKiB),
          .row_group_bytes = std::clamp<int64_t>(working_bytes / 8, 4 * kMiB, 128 * kMiB),
          .page_bytes = std::clamp<int64_t>(working_bytes / 512, 64 * kKiB, kMiB),
          .copy_buffer_bytes = std::clamp<int64_t>(working_bytes / 128, 128 * kKiB, 512 * kKiB)};
}

inline parquet::ReadOptions ReadOptionsFor(const WorkSizes& sizes, arrow::MemoryPool* pool) {
  return {.pool = pool,
          .batch_rows = sizes.batch_rows,
          .buffer_bytes = sizes.buffer_bytes,
          .batch_bytes = sizes.batch_bytes,
          .page_sizes = true};
}

}  // namespace spillway::pipeline
