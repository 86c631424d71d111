// How much a disk still takes.
//
// Thread rule: a free function without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace spillway::storage {

struct FreeSpace {
  int64_t bytes = 0;           // that this user may still write
  bool shares_blocks = false;  // whether copies of a file's parts may take none (XFS, btrfs)
};

// Of the file system that `folder` is on, or will be made on; none where it does not say.
std::optional<FreeSpace> FreeSpaceAt(const std::string& folder);

}  // namespace spillway::storage
