// A folder for one test, removed with all that is in it. Included by tests only.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/mount.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace spillway::spill {

class TestFolder {
 public:
  TestFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            fmt::format("spillway_{}_{}_{}", test->test_suite_name(), test->name(), ::getpid());
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    if (mounted_) ::umount(path_.c_str());
    std::filesystem::remove_all(path_);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  // Puts a tmpfs over it, "size=1m"; false where this process may not mount.
  bool Mount(const std::string& options) {
    mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, options.c_str()) == 0;
    return mounted_;
  }

  const std::filesystem::path& path() const { return path_; }
  std::string text() const { return path_.string(); }

  // How many files and folders are in it, at any depth.
  int64_t CountEntries() const {
    const std::filesystem::recursive_directory_iterator entries(path_);
    return std::distance(begin(entries), end(entries));
  }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

}  // namespace spillway::spill
