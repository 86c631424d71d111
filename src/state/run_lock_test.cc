#include "state/run_lock.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace spillway::state {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class RunLockTest : public testing::Test {
 protected:
  std::string folder() const { return base_.File("_spillway"); }
  std::string file() const { return folder() + "/job.lock"; }

  Status TryTake(const RunLockOptions& options = {}) const {
    return RunLock::Take(folder(), "job", options).status();
  }

  // Runs `act` in a child that holds the lock, and returns the child once it does.
  pid_t StartHolder(const RunLockOptions& options) const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto lock = RunLock::Take(folder(), "job", options);
      const char result = lock.ok() ? 'y' : 'n';
      if (::write(ends[1], &result, 1) == 1) ::pause();
      ::_exit(1);
    }
    char result = 0;
    EXPECT_EQ(::read(ends[0], &result, 1), 1);
    EXPECT_EQ(result, 'y');
    ::close(ends[0]);
    ::close(ends[1]);
    return child;
  }

  static void Kill(pid_t child) {
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
  }

  void ExpectAlive(const Status& status, pid_t holder) const {
    const auto error = FindError(status);
    ASSERT_TRUE(error) << status.ToString();
    EXPECT_EQ(error->code, ErrorCode::kRunIsAlive);
    EXPECT_EQ(error->where, file());
    EXPECT_THAT(error->why, HasSubstr(fmt::format("process {} on ", holder)));
    EXPECT_THAT(error->why, HasSubstr("last heartbeat"));
    EXPECT_THAT(error->cure, HasSubstr(fmt::format("kill {}", holder)));
  }

  const TemporaryFolder base_;
};

TEST_F(RunLockTest, IsOneAtATimeAndLeavesNothing) {
  {
    const auto lock = RunLock::Take(folder(), "job").ValueOrDie();
    ExpectAlive(TryTake(), ::getpid());
    // Another pipeline has another lock.
    EXPECT_TRUE(RunLock::Take(folder(), "another").ok());
    struct stat facts;
    ASSERT_EQ(::stat(file().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600);
  }
  EXPECT_FALSE(std::filesystem::exists(folder()));
  EXPECT_TRUE(TryTake().ok());
}

TEST_F(RunLockTest, AFolderWithOtherFilesStays) {
  {
    const auto lock = RunLock::Take(folder(), "job").ValueOrDie();
    std::ofstream(folder() + "/other") << "x";
  }
  EXPECT_TRUE(std::filesystem::exists(folder() + "/other"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(RunLockTest, TheLockOfAKilledProcessIsFree) {
  for (const bool has_locks : {true, false}) {
    const RunLockOptions options{.heartbeat = milliseconds(20), .has_locks = has_locks};
    const pid_t child = StartHolder(options);
    ExpectAlive(TryTake(options), child);
    Kill(child);
    EXPECT_TRUE(std::filesystem::exists(file()));
    EXPECT_TRUE(TryTake(options).ok()) << has_locks;
  }
}

// Of another host's process nothing can be told but whether it touches its file.
TEST_F(RunLockTest, WithoutLocksAFileThatNobodyTouchesIsFree) {
  const RunLockOptions options{
      .heartbeat = milliseconds(20), .stale_after = milliseconds(300), .has_locks = false};
  std::filesystem::create_directories(folder());
  std::ofstream(file()) << R"({"token": "t", "host": "elsewhere", "process": 7})";
  ExpectAlive(TryTake(options), 7);
  std::this_thread::sleep_for(milliseconds(350));
  const auto lock = RunLock::Take(folder(), "job", options).ValueOrDie();
  // This one is touched.
  std::this_thread::sleep_for(milliseconds(450));
  ExpectAlive(TryTake(options), ::getpid());
}

TEST_F(RunLockTest, ADamagedFileIsFree) {
  std::filesystem::create_directories(folder());
  for (const std::string text : {"", "{", "[1]", R"({"process": "x"})", R"({"token": 1})"}) {
    for (const bool has_locks : {true, false}) {
      std::ofstream(file()) << text;
      const RunLockOptions options{
          .heartbeat = milliseconds(20), .stale_after = milliseconds(0), .has_locks = has_locks};
      EXPECT_TRUE(TryTake(options).ok()) << text;
    }
  }
}

TEST_F(RunLockTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(base_.File("file")) << "x";
  const auto error = FindError(RunLock::Take(base_.File("file") + "/below", "job").status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kStorage);
}

// Nobody is led elsewhere by a link with the lock's name.
TEST_F(RunLockTest, ALinkIsNotFollowed) {
  std::filesystem::create_directories(folder());
  std::filesystem::create_symlink(base_.File("elsewhere"), file());
  EXPECT_FALSE(TryTake().ok());
  EXPECT_FALSE(std::filesystem::exists(base_.File("elsewhere")));
}

}  // namespace
}  // namespace spillway::state
