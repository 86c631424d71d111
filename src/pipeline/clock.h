// The time: now, and how long something took.
//
// Thread rule: free functions.
#pragma once

#include <chrono>
#include <cstdint>

namespace spillway::pipeline {

using SteadyTime = std::chrono::steady_clock::time_point;

inline double SecondsSince(SteadyTime start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Since 1970-01-01 00:00 UTC.
inline int64_t NowMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace spillway::pipeline
