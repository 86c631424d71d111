#include "storage/free_space.h"

#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "storage/nearest_existing.h"

namespace spillway::storage {
namespace {

constexpr auto kXfsMagic = 0x58465342;

bool SharesBlocks(const std::string& folder) {
  struct statfs system{};
  if (::statfs(folder.c_str(), &system) != 0) return false;
  return system.f_type == kXfsMagic || system.f_type == BTRFS_SUPER_MAGIC;
}

}  // namespace

std::optional<FreeSpace> FreeSpaceAt(const std::string& folder) {
  const std::string existing = NearestExisting(folder);
  struct statvfs system{};
  if (::statvfs(existing.c_str(), &system) != 0) return std::nullopt;
  // Some network file systems tell nothing.
  if (system.f_blocks == 0) return std::nullopt;
  const auto blocks = ::geteuid() == 0 ? system.f_bfree : system.f_bavail;
  return FreeSpace{.bytes = static_cast<int64_t>(blocks) * static_cast<int64_t>(system.f_frsize),
                   .shares_blocks = SharesBlocks(existing)};
}

}  // namespace spillway::storage
