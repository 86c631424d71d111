#include "storage/memory_file_system.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "storage/nearest_existing.h"

namespace spillway::storage {

bool IsInMemory(const std::string& folder) {
  struct statfs facts;
  if (::statfs(NearestExisting(folder).c_str(), &facts) != 0) return false;
  return facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC;
}

}  // namespace spillway::storage
