// Where a folder that may not be there yet will be made.
//
// Thread rule: a free function without state.
#pragma once

#include <string>

namespace spillway::storage {

// `folder`, or the nearest path above it that is there.
std::string NearestExisting(std::string folder);

}  // namespace spillway::storage
