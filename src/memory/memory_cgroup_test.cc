// What all of this is for: a process in a control group that allocates through a governed pool is
// told that there is no more, where one that does not is killed.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/units.h"
#include "memory/allocator.h"
#include "memory/budget.h"
#include "memory/governed_pool.h"

namespace spillway::memory {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLimitBytes = 96 * kMiB;
constexpr int64_t kOverheadBytes = 16 * kMiB;
constexpr int64_t kBlockBytes = 700 * kKiB;
constexpr int kBlocksWithoutEnd = 4000;

// A memory cgroup of this test's own, removed at its end.
class MemoryCgroup {
 public:
  MemoryCgroup() {
    const std::string name = "spillway_test_" + std::to_string(::getpid());
    for (const auto& [mount, limit_file] : std::vector<std::pair<fs::path, std::string>>{
             {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
             {"/sys/fs/cgroup", "memory.max"}}) {
      std::error_code error;
      const fs::path folder = mount / name;
      if (!fs::create_directory(folder, error)) continue;
      folder_ = folder;
      if (Write(folder / limit_file, std::to_string(kLimitBytes))) return;
      Remove();
    }
  }
  ~MemoryCgroup() { Remove(); }

  bool usable() const { return !folder_.empty(); }
  bool JoinSelf() const { return Write(folder_ / "cgroup.procs", std::to_string(::getpid())); }

 private:
  static bool Write(const fs::path& file, const std::string& text) {
    std::ofstream stream(file);
    stream << text << std::flush;
    return stream.good();
  }
  void Remove() {
    if (!folder_.empty()) ::rmdir(folder_.c_str());
    folder_.clear();
  }

  fs::path folder_;
};

enum ChildExit : int { kRefusedInTime = 0, kNeverRefused = 3, kCannotJoin = 4, kWrongBudget = 5 };

// Runs `body` in a child inside `cgroup`; the wait status of it.
int RunInside(const MemoryCgroup& cgroup, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(cgroup.JoinSelf() ? body() : kCannotJoin);
  int wait_status = 0;
  while (::waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  return wait_status;
}

// Allocates and touches blocks of `pool` until it is refused.
int FillUp(arrow::MemoryPool* pool) {
  for (int i = 0; i < kBlocksWithoutEnd; ++i) {
    uint8_t* block = nullptr;
    const Status status = pool->Allocate(kBlockBytes, &block);
    if (!status.ok()) return status.IsOutOfMemory() ? kRefusedInTime : kNeverRefused;
    std::memset(block, 1, kBlockBytes);
  }
  return kNeverRefused;
}

int FillGovernedPool() {
  const auto budget = DetermineBudget(std::nullopt, 100);
  if (!budget.ok() || budget->total_bytes != kLimitBytes) return kWrongBudget;
  const auto governor = Governor::Make(budget->total_bytes, kOverheadBytes);
  if (!governor.ok()) return kWrongBudget;
  // Never freed: _exit runs no destructors.
  auto pool = GovernedPool::Make(governor->get(), "fill", 0, 0).ValueOrDie();
  ::_exit(FillUp(pool.get()));
}

class MemoryCgroupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!cgroup_.usable()) GTEST_SKIP() << "no memory cgroup can be made here (root has to)";
  }
  MemoryCgroup cgroup_;
};

TEST_F(MemoryCgroupTest, AGovernedPoolIsRefusedBeforeTheKernelKills) {
  const int wait_status = RunInside(cgroup_, FillGovernedPool);
  ASSERT_TRUE(WIFEXITED(wait_status)) << "killed by signal " << WTERMSIG(wait_status);
  EXPECT_EQ(WEXITSTATUS(wait_status), kRefusedInTime);
}

TEST_F(MemoryCgroupTest, AnUngovernedPoolIsKilled) {
  const int wait_status = RunInside(cgroup_, [] { return FillUp(BackingPool()); });
  ASSERT_TRUE(WIFSIGNALED(wait_status)) << "exit code " << WEXITSTATUS(wait_status);
  EXPECT_EQ(WTERMSIG(wait_status), SIGKILL);
}

}  // namespace
}  // namespace spillway::memory
