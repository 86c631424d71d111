// Sums and products of sizes that a file claims, which may be any numbers: they end at a limit so
// large that no plan with it fits, and so small that a thousand of them can still be added.
//
// Thread rule: free functions.
#pragma once

#include <algorithm>
#include <cstdint>

namespace spillway {

inline constexpr int64_t kEndlessBytes = int64_t{1} << 53;  // 8 PiB; exact as a double, too

// Negative arguments, which are no sizes, count as 0.
inline int64_t AddBytes(int64_t left, int64_t right) {
  return std::min(
      std::clamp<int64_t>(left, 0, kEndlessBytes) + std::clamp<int64_t>(right, 0, kEndlessBytes),
      kEndlessBytes);
}

inline int64_t MultiplyBytes(int64_t count, int64_t bytes) {
  int64_t product = 0;
  if (__builtin_mul_overflow(std::max<int64_t>(count, 0), std::max<int64_t>(bytes, 0), &product)) {
    return kEndlessBytes;
  }
  return std::min(product, kEndlessBytes);
}

}  // namespace spillway
