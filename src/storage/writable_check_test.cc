#include "storage/writable_check.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::storage {
namespace {

namespace fs = std::filesystem;

class WritableCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() /
            (std::string("spillway_writable_") + test->name() + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override {
    if (mounted_) ::umount(root_.c_str());
    fs::remove_all(root_);
  }

  // Puts a tmpfs over the folder; false where this process may not mount.
  bool Mount(const char* options) {
    mounted_ = ::mount("none", root_.c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }
  bool MakeReadOnly() {
    return ::mount(nullptr, root_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

  fs::path root_;
  bool mounted_ = false;
};

TEST_F(WritableCheckTest, AnOrdinaryFolderIsWritableAndStaysEmpty) {
  EXPECT_TRUE(CheckWritable(root_).ok());
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(WritableCheckTest, AFolderThatIsMissingTakesTheNearestAbove) {
  EXPECT_TRUE(CheckWritable(root_ / "not/yet/there").ok());
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(WritableCheckTest, AFileInThePlaceOfAFolderIsAnError) {
  std::ofstream(root_ / "file") << "x";
  for (const fs::path& path : {root_ / "file", root_ / "file/below"}) {
    const Status status = CheckWritable(path);
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_EQ(FindError(status)->code, ErrorCode::kStorage);
    EXPECT_EQ(FindError(status)->why, "Not a directory");
  }
}

TEST_F(WritableCheckTest, FolderOfTheKernelTakesNoFiles) {
  EXPECT_FALSE(CheckWritable("/proc").ok());
  EXPECT_FALSE(CheckWritable("/proc/not/there").ok());
}

TEST_F(WritableCheckTest, AReadOnlyMountIsFoundEvenByRoot) {
  if (!Mount("")) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  EXPECT_TRUE(CheckWritable(root_).ok());
  ASSERT_TRUE(MakeReadOnly()) << std::strerror(errno);
  for (const fs::path& path : {root_, root_ / "table/_delta_log"}) {
    const Status status = CheckWritable(path);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(FindError(status)->code, ErrorCode::kReadOnlyStorage);
    EXPECT_EQ(FindError(status)->where, root_);
    EXPECT_EQ(FindError(status)->why, "Read-only file system");
  }
}

TEST_F(WritableCheckTest, AFullDiskIsFound) {
  if (!Mount("size=64k")) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  std::ofstream(root_ / "filler") << std::string(1 << 20, 'x');
  const Status status = CheckWritable(root_);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(FindError(status)->code, ErrorCode::kStorageFull);
}

// Permission bits do not bind root, so a child looks with other eyes.
TEST_F(WritableCheckTest, AFolderOfSomebodyElseIsReadOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  ASSERT_EQ(::chmod(root_.c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setuid(kNobody) != 0) ::_exit(2);
    const auto error = FindError(CheckWritable(root_ / "table"));
    ::_exit(error && error->code == ErrorCode::kReadOnlyStorage ? 0 : 1);
  }
  int wait_status = 0;
  ASSERT_EQ(::waitpid(child, &wait_status, 0), child);
  ASSERT_TRUE(WIFEXITED(wait_status));
  EXPECT_EQ(WEXITSTATUS(wait_status), 0);
}

}  // namespace
}  // namespace spillway::storage
