// Counts as text in reports: "1 file", "2,000 files".
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway {

// `noun` is one that takes an s.
std::string Counted(int64_t count, std::string_view noun);

}  // namespace spillway
