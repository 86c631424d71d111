// What a running job tells of itself, and how it is asked to stop. The run writes, others only
// read.
//
// Thread rule: thread-safe; the values are independent of each other.
#pragma once

#include <atomic>
#include <cstdint>

namespace spillway::pipeline {

enum class Phase { kPlanning, kLookups, kSorting, kChunks, kDone };

struct Progress {
  std::atomic<Phase> phase{Phase::kPlanning};
  std::atomic<int64_t> total_rows{
      0};  // of the phase: lookup rows to index, source rows to sort or pass
  std::atomic<int64_t> rows_done{0};     // of those
  std::atomic<int64_t> rows_written{0};  // to the target
  std::atomic<int64_t> chunks_total{0};
  std::atomic<int64_t> chunks_written{0};
  std::atomic<int64_t> chunks_committed{0};
  std::atomic<int64_t> memory_in_use_bytes{0};  // charged to the budget, overhead included
};

// How urgently a stop is wanted: 0 not at all, 1 after this chunk, 2 at once.
using StopSignal = std::atomic<int>;

inline constexpr int kStopAfterChunk = 1;
inline constexpr int kStopNow = 2;

}  // namespace spillway::pipeline
