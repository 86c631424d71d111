// The watermark: a share of what the machine or the cgroup has, above which a run gives way to the
// other processes there. The budget bounds what this process uses; nothing bounds the others, and
// the kernel kills by the sum.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory/budget.h"

namespace spillway::memory {

struct Shortage {
  int64_t left_bytes = 0;  // below the watermark, for this process; may be negative
  bool is_acute = false;   // more than half of what is above the watermark is used too
  std::string why;         // "others use 1.2 GiB of the RAM of 2.0 GiB"
};

// What others leave below the watermark of the scarcest limit to a process that uses `own_bytes`.
// It may be negative.
int64_t BytesLeft(const std::vector<MemoryLimit>& limits, int64_t own_bytes, int watermark_percent);

// Of a process that uses `own_bytes` now and will use up to `bound_bytes`: whether more than
// `watermark_percent` of a limit is used, and what others use leaves no room for the bound. The
// shortage that leaves least, if there are several. Others who use less than a twentieth of a limit
// count for nothing: so much two readings at different times can differ.
std::optional<Shortage> FindShortage(const std::vector<MemoryLimit>& limits, int64_t own_bytes,
                                     int64_t bound_bytes, int watermark_percent);

}  // namespace spillway::memory
