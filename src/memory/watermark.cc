#include "memory/watermark.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/units.h"

namespace spillway::memory {
namespace {

// Divided first: the product of a large limit and a percentage may not fit 64 bits.
int64_t WatermarkOf(const MemoryLimit& limit, int percent) { return limit.bytes / 100 * percent; }

}  // namespace

int64_t BytesLeft(const std::vector<MemoryLimit>& limits, int64_t own_bytes,
                  int watermark_percent) {
  int64_t left = std::numeric_limits<int64_t>::max();
  for (const MemoryLimit& limit : limits) {
    left = std::min(left, WatermarkOf(limit, watermark_percent) - (limit.used_bytes - own_bytes));
  }
  return left;
}

std::optional<Shortage> FindShortage(const std::vector<MemoryLimit>& limits, int64_t own_bytes,
                                     int64_t bound_bytes, int watermark_percent) {
  constexpr int64_t kSmallShare = 20;
  std::optional<Shortage> shortage;
  for (const MemoryLimit& limit : limits) {
    const int64_t watermark = WatermarkOf(limit, watermark_percent);
    const int64_t others = limit.used_bytes - own_bytes;
    if (limit.used_bytes <= watermark || others <= limit.bytes / kSmallShare ||
        others <= limit.bytes - bound_bytes) {
      continue;
    }
    const int64_t left = watermark - others;
    if (shortage && shortage->left_bytes <= left) continue;
    shortage = Shortage{
        .left_bytes = left,
        .is_acute = limit.used_bytes > watermark + (limit.bytes - watermark) / 2,
        .why = fmt::format("other processes use {} of {}", FormatByteSize(others), limit.source)};
  }
  return shortage;
}

}  // namespace spillway::memory
