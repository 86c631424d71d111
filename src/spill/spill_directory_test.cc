#include "spill/spill_directory.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "spill/test_folder.h"

namespace spillway::spill {
namespace {

namespace fs = std::filesystem;

mode_t ModeOf(const fs::path& path) {
  struct stat facts = {};
  EXPECT_EQ(::lstat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 07777;
}

Status Write(SpillFile* file, std::string text) {
  iovec part = {text.data(), text.size()};
  return file->Append({&part, 1});
}

// Leaves behind what a process does that is killed while it spills; returns the folder's path.
std::string DieWhileSpilling(const std::string& base) {
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto directory = SpillDirectory::Make({base}, "child").ValueOrDie();
    const auto file = directory->CreateFile("rows").ValueOrDie();
    const bool written =
        Write(file.get(), "left behind").ok() &&
        ::write(pipe_ends[1], directory->path().c_str(), directory->path().size()) > 0;
    ::_exit(written ? 0 : 1);
  }
  ::close(pipe_ends[1]);
  char path[4096] = {};
  EXPECT_GT(::read(pipe_ends[0], path, sizeof(path) - 1), 0);
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return path;
}

TEST(SpillDirectoryTest, IsPrivateAndGoesWithItsFiles) {
  const TestFolder base;
  {
    const auto directory = SpillDirectory::Make({base.text()}, "silver_accident").ValueOrDie();
    EXPECT_EQ(fs::path(directory->path()).parent_path(), base.path());
    EXPECT_TRUE(fs::path(directory->path())
                    .filename()
                    .string()
                    .starts_with("spillway-spill-" + std::to_string(::getpid()) + "-"));
    EXPECT_EQ(ModeOf(directory->path()), 0700);
    const auto file = directory->CreateFile("rows").ValueOrDie();
    EXPECT_EQ(ModeOf(file->path()), 0600);
    EXPECT_EQ(ModeOf(directory->path() + "/lock"), 0600);
    ASSERT_TRUE(Write(file.get(), "abc").ok());
    EXPECT_EQ(fs::file_size(file->path()), 3U);
  }
  EXPECT_EQ(base.CountEntries(), 0);
}

TEST(SpillDirectoryTest, AFileGoesWithItsObject) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "run").ValueOrDie();
  std::string path;
  {
    const auto file = directory->CreateFile("rows").ValueOrDie();
    path = file->path();
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(SpillDirectoryTest, MakesTheBaseFolder) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text() + "/a/b"}, "run").ValueOrDie();
  EXPECT_TRUE(fs::is_directory(base.path() / "a/b"));
}

TEST(SpillDirectoryTest, RemovesWhatDeadRunsLeftBehind) {
  const TestFolder base;
  const std::string dead = DieWhileSpilling(base.text());
  ASSERT_TRUE(fs::exists(dead + "/lock"));
  ASSERT_GE(base.CountEntries(), 3);
  const auto directory = SpillDirectory::Make({base.text()}, "next").ValueOrDie();
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(directory->path()));
}

TEST(SpillDirectoryTest, RemovesAFolderWithoutALock) {
  const TestFolder base;
  fs::create_directory(base.path() / "spillway-spill-1-abc");
  const auto directory = SpillDirectory::Make({base.text()}, "next").ValueOrDie();
  EXPECT_FALSE(fs::exists(base.path() / "spillway-spill-1-abc"));
}

TEST(SpillDirectoryTest, LeavesLivingRunsAlone) {
  const TestFolder base;
  const auto first = SpillDirectory::Make({base.text()}, "first").ValueOrDie();
  const auto file = first->CreateFile("rows").ValueOrDie();
  const auto second = SpillDirectory::Make({base.text()}, "second").ValueOrDie();
  EXPECT_NE(first->path(), second->path());
  EXPECT_TRUE(fs::exists(file->path()));
  EXPECT_TRUE(fs::exists(first->path() + "/lock"));
}

TEST(SpillDirectoryTest, LeavesAloneWhatIsNotItsOwn) {
  const TestFolder base;
  std::ofstream(base.path() / "spillway-spill-file") << "a file";
  fs::create_directories(base.path() / "spillway-spill-kept" / "inner");
  std::ofstream(base.path() / "spillway-spill-kept" / "inner" / "precious") << "x";
  fs::create_directories(base.path() / "other");
  const auto directory = SpillDirectory::Make({base.text()}, "run").ValueOrDie();
  EXPECT_TRUE(fs::exists(base.path() / "spillway-spill-file"));
  EXPECT_TRUE(fs::exists(base.path() / "spillway-spill-kept/inner/precious"));
  EXPECT_TRUE(fs::exists(base.path() / "other"));
}

// Whoever can write into the base could plant links; nothing behind them may be touched.
TEST(SpillDirectoryTest, FollowsNoSymbolicLinks) {
  const TestFolder base;
  const fs::path precious = base.path() / "precious";
  fs::create_directory(precious);
  std::ofstream(precious / "lock") << "not a lock";
  std::ofstream(precious / "rows") << "rows";
  fs::create_directory_symlink(precious, base.path() / "spillway-spill-1-link");
  fs::create_directory(base.path() / "spillway-spill-2-locklink");
  fs::create_symlink(precious / "lock", base.path() / "spillway-spill-2-locklink" / "lock");
  const auto directory = SpillDirectory::Make({base.text()}, "run").ValueOrDie();
  EXPECT_TRUE(fs::exists(precious / "lock"));
  EXPECT_TRUE(fs::exists(precious / "rows"));
  EXPECT_TRUE(fs::exists(base.path() / "spillway-spill-2-locklink"));
  // A link in the place of a file that is to be made is not followed either.
  fs::create_symlink(precious / "rows", directory->path() + "/rows-0");
  const auto file = directory->CreateFile("rows");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(FindError(file.status())->code, ErrorCode::kStorage);
  EXPECT_EQ(fs::file_size(precious / "rows"), 4U);
}

TEST(SpillDirectoryTest, ABaseThatIsNoFolderIsACodedError) {
  const TestFolder base;
  std::ofstream(base.path() / "file") << "x";
  const auto directory = SpillDirectory::Make({base.text() + "/file"}, "run");
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(FindError(directory.status())->code, ErrorCode::kStorage);
}

TEST(SpillDirectoryTest, AReadOnlyBaseSaysWhatToDo) {
  TestFolder base;
  if (!base.Mount("ro")) GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  const auto directory = SpillDirectory::Make({base.text()}, "run");
  ASSERT_FALSE(directory.ok());
  const auto error = FindError(directory.status());
  EXPECT_EQ(error->code, ErrorCode::kReadOnlyStorage);
  EXPECT_NE(error->cure.find("resources.spill_directory"), std::string::npos);
}

// Runs that start at the same time must not take each other for dead.
TEST(SpillDirectoryTest, ManyStartAtOnce) {
  const TestFolder base;
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  std::vector<std::thread> threads;
  std::atomic<int> lost{0};
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        auto directory = SpillDirectory::Make({base.text()}, "run");
        if (!directory.ok() || !(*directory)->CreateFile("rows").ok() ||
            !fs::exists((*directory)->path() + "/lock")) {
          ++lost;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(base.CountEntries(), 0);
}

}  // namespace
}  // namespace spillway::spill
