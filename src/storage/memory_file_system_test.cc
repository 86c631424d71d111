#include "storage/memory_file_system.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace spillway::storage {
namespace {

// As the kernel lists it.
bool IsTmpfs(const std::string& place) {
  std::ifstream mounts("/proc/mounts");
  std::string device;
  std::string folder;
  std::string type;
  for (std::string rest; mounts >> device >> folder >> type; std::getline(mounts, rest)) {
    if (folder == place) return type == "tmpfs";
  }
  return false;
}

TEST(MemoryFileSystemTest, TellsTmpfsFromOthers) {
  EXPECT_FALSE(IsInMemory("/proc"));
  if (!IsTmpfs("/dev/shm")) GTEST_SKIP() << "/dev/shm is not tmpfs";
  EXPECT_TRUE(IsInMemory("/dev/shm"));
  EXPECT_TRUE(IsInMemory("/dev/shm/not/made/yet"));
}

}  // namespace
}  // namespace spillway::storage
