#include "base/suggestion.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace spillway {
namespace {

// Longer names than this are never a slip of the keyboard, and the distance is quadratic.
constexpr size_t kLongestName = 128;
constexpr size_t kMostEdits = 4;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameLetter(char a, char b) { return Lower(a) == Lower(b); }

size_t AllowedEdits(size_t longer) { return std::clamp<size_t>(longer / 3, 1, kMostEdits); }

template <typename Name>
std::optional<std::string> ClosestOf(std::string_view name, std::span<const Name> candidates) {
  size_t best_distance = std::numeric_limits<size_t>::max();
  std::optional<std::string> best;
  if (name.empty() || name.size() > kLongestName) return best;
  for (const Name& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongestName) continue;
    const size_t distance = EditDistance(name, candidate);
    const size_t longer = std::max(name.size(), candidate.size());
    if (distance >= best_distance || distance > AllowedEdits(longer)) continue;
    if (distance >= longer) continue;  // not one letter in common
    best_distance = distance;
    best = std::string(candidate);
  }
  return best;
}

}  // namespace

// Three rows of the usual table are kept: a swap of neighbours looks two rows back.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = previous[j - 1] + (SameLetter(a[i - 1], b[j - 1]) ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitution});
      const bool swapped =
          i > 1 && j > 1 && SameLetter(a[i - 1], b[j - 2]) && SameLetter(a[i - 2], b[j - 1]);
      if (swapped) current[j] = std::min(current[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::optional<std::string> Closest(std::string_view name, std::span<const std::string> candidates) {
  return ClosestOf(name, candidates);
}

std::optional<std::string> Closest(std::string_view name,
                                   std::span<const std::string_view> candidates) {
  return ClosestOf(name, candidates);
}

std::string Suggest(std::string_view name, std::span<const std::string> candidates, size_t listed) {
  if (candidates.empty()) return "";
  if (const auto closest = Closest(name, candidates)) return fmt::format("write \"{}\"", *closest);
  std::string text = "use one of ";
  for (size_t i = 0; i < candidates.size() && i < listed; ++i) {
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", candidates[i]);
  }
  if (candidates.size() > listed) text += ", ..";
  return text;
}

}  // namespace spillway
