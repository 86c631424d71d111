// "Did you mean": the known name that a misspelt one most likely stands for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

// The number of single-character insertions, deletions, substitutions and swaps of neighbours that
// turn `a` into `b` (optimal string alignment); upper and lower case of ASCII letters are equal.
// O(|a| |b|) time, O(|b|) memory.
size_t EditDistance(std::string_view a, std::string_view b);

// The candidate with the smallest EditDistance from `name`, the first of equals; none where even
// that one is too far to be a slip: more than a third of the longer name's length, rounded up to at
// least 1, or more than 4 edits.
std::optional<std::string> Closest(std::string_view name, std::span<const std::string> candidates);
std::optional<std::string> Closest(std::string_view name,
                                   std::span<const std::string_view> candidates);

// A cure for a wrong name: `write "columns"` where a candidate is close, else a list of at most
// `listed` candidates: `use one of "a", "b", ..`; empty where there is no candidate at all.
std::string Suggest(std::string_view name, std::span<const std::string> candidates,
                    size_t listed = 12);

}  // namespace spillway
