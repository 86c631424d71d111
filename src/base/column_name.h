// Column names as Spark compares them: without regard to case, in every alphabet.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>

namespace spillway {

// The same text for all names that are one to Spark, which lowers them as Java does.
std::string FoldName(std::string_view name);

bool SameName(std::string_view left, std::string_view right);

}  // namespace spillway
