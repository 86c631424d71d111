#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace spillway {
namespace {

constexpr double kLargestByteSize = 4611686018427387904.0;  // 2^62

constexpr std::array<std::pair<std::string_view, double>, 15> kUnits = {{
    {"", 1.0},
    {"B", 1.0},
    {"K", 1024.0},
    {"KiB", 1024.0},
    {"kB", 1e3},
    {"KB", 1e3},
    {"M", 1048576.0},
    {"MiB", 1048576.0},
    {"MB", 1e6},
    {"G", 1073741824.0},
    {"GiB", 1073741824.0},
    {"GB", 1e9},
    {"T", 1099511627776.0},
    {"TiB", 1099511627776.0},
    {"TB", 1e12},
}};

}  // namespace

Result<int64_t> ParseByteSize(std::string_view text) {
  const auto refuse = [text]() -> Status {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("\"{}\" is not a size in bytes", text),
                      .cure = "write it like 512MiB, 2GiB or 1.5GB"});
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return refuse();
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, factor] : kUnits) {
    if (name != unit) continue;
    const double bytes = std::floor(number * factor);
    if (bytes > kLargestByteSize) return refuse();
    return static_cast<int64_t>(bytes);
  }
  return refuse();
}

std::string MemoryFlag(int64_t bytes) {
  return fmt::format("--memory {}MiB", (bytes + kMiB - 1) / kMiB);
}

std::string FormatByteSize(int64_t bytes) {
  constexpr std::array<std::string_view, 4> kNames = {"KiB", "MiB", "GiB", "TiB"};
  constexpr double kShownAs1024 = 1023.95;  // what one decimal rounds up to 1024.0
  if (bytes > -kKiB && bytes < kKiB) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024.0;
  size_t unit = 0;
  while (std::abs(value) >= kShownAs1024 && unit + 1 < kNames.size()) {
    value /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kNames[unit]);
}

std::string FormatCount(int64_t count) {
  std::string digits = fmt::format("{}", count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string FormatDuration(double seconds) {
  if (!std::isfinite(seconds)) return "unknown";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace spillway
