// Sizes, counts and durations as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace spillway {

inline constexpr int64_t kKiB = 1024;
inline constexpr int64_t kMiB = 1024 * kKiB;
inline constexpr int64_t kGiB = 1024 * kMiB;

// Reads a size in bytes: "512MiB", "2 GiB", "1.5GB", "4096". KiB, MiB, GiB and TiB (also K, M, G,
// T) are powers of 1024; kB, MB, GB and TB powers of 1000. Fails with kValueOutOfRange on anything
// else, on a negative size and on one above 2^62.
Result<int64_t> ParseByteSize(std::string_view text);

// "512.0 MiB", "1.4 GiB", "980 B".
std::string FormatByteSize(int64_t bytes);

// "--memory 512MiB": the flag with at least so many bytes, in whole MiB, to be given as it stands.
std::string MemoryFlag(int64_t bytes);

// "1,234,567".
std::string FormatCount(int64_t count);

// "0.4 s", "12 s", "3 min 05 s", "2 h 07 min"; "unknown" for a number that is not finite.
std::string FormatDuration(double seconds);

}  // namespace spillway
