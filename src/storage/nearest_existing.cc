#include "storage/nearest_existing.h"

#include <cerrno>
#include <sys/stat.h>

namespace spillway::storage {

std::string NearestExisting(std::string folder) {
  struct stat facts;
  while (folder.size() > 1 && ::stat(folder.c_str(), &facts) != 0 && errno == ENOENT) {
    const size_t slash = folder.find_last_of('/');
    if (slash == std::string::npos) return ".";
    folder.resize(slash == 0 ? 1 : slash);
  }
  return folder;
}

}  // namespace spillway::storage
