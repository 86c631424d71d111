#include "memory/budget.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

namespace fs = std::filesystem;

// A machine made of text files: a /proc and a /sys/fs/cgroup in a temporary folder.
class BudgetTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path() /
            (std::string("spillway_budget_") + test->name() + std::to_string(::getpid()));
    paths_.cgroup_membership = root_ / "proc/self/cgroup";
    paths_.cgroup_v1_memory = root_ / "cgroup/memory";
    paths_.cgroup_v2_unified = root_ / "cgroup";
    paths_.cgroup_v2_hybrid = root_ / "cgroup/unified";
    paths_.meminfo = root_ / "proc/meminfo";
    Write("proc/meminfo", "MemFree:  1000 kB\nMemTotal:  8388608 kB\nBuffers: 5 kB\n");  // 8 GiB
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void JoinV1(const std::string& group) {
    Write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:" + group + "\n1:cpuset:/x\n");
  }
  void JoinV2(const std::string& group) { Write("proc/self/cgroup", "0::" + group + "\n"); }
  void LimitV2(const std::string& group, const std::string& text) {
    Write("cgroup" + group + "/memory.max", text + "\n");
  }
  void LimitV1(const std::string& group, const std::string& bytes) {
    Write("cgroup/memory" + group + "/memory.limit_in_bytes", bytes + "\n");
  }

  Budget Determine(std::optional<int64_t> requested, int percent = 80) {
    auto budget = DetermineBudget(requested, percent, paths_);
    EXPECT_TRUE(budget.ok()) << budget.status();
    return budget.ok() ? *budget : Budget{-1, ""};
  }

  fs::path root_;
  MemorySystemPaths paths_;
};

constexpr char kUnlimitedV1[] = "9223372036854771712";

TEST_F(BudgetTest, IsAShareOfTheRamWithoutCgroups) {
  const Budget budget = Determine(std::nullopt);
  EXPECT_EQ(budget.total_bytes, 8 * kGiB / 100 * 80 + 8 * kGiB % 100 * 80 / 100);
  EXPECT_EQ(budget.origin, "80 % of the RAM of 8.0 GiB");
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB);
}

TEST_F(BudgetTest, IsAShareOfTheProcessesOwnV1Group) {
  JoinV1("/jobs/silver");
  LimitV1("/jobs/silver", std::to_string(kGiB));
  LimitV1("/jobs", kUnlimitedV1);
  LimitV1("", kUnlimitedV1);
  const Budget budget = Determine(std::nullopt, 50);
  EXPECT_EQ(budget.total_bytes, kGiB / 2);
  EXPECT_EQ(budget.origin, "50 % of the cgroup v1 limit of 1.0 GiB (/jobs/silver)");
}

TEST_F(BudgetTest, AGroupAboveBindsToo) {
  JoinV1("/jobs/silver/lane");
  LimitV1("/jobs/silver/lane", std::to_string(2 * kGiB));
  LimitV1("/jobs", std::to_string(512 * kMiB));
  const Budget budget = Determine(std::nullopt, 100);
  EXPECT_EQ(budget.total_bytes, 512 * kMiB);
  EXPECT_EQ(budget.origin, "100 % of the cgroup v1 limit of 512.0 MiB (/jobs)");
}

// A container without a cgroup namespace sees its own group as the root, and a path in
// /proc/self/cgroup that it has no folder for.
TEST_F(BudgetTest, FindsTheLimitOfAContainerAtTheRoot) {
  JoinV1("/docker/0123abcd");
  LimitV1("", std::to_string(256 * kMiB));
  const Budget budget = Determine(std::nullopt, 100);
  EXPECT_EQ(budget.total_bytes, 256 * kMiB);
  EXPECT_EQ(budget.origin, "100 % of the cgroup v1 limit of 256.0 MiB (/)");
}

TEST_F(BudgetTest, AnotherGroupsLimitDoesNotBind) {
  JoinV1("/jobs/silver");
  LimitV1("/jobs/bronze", std::to_string(kMiB));
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB);
}

TEST_F(BudgetTest, ReadsVersion2AndSkipsMax) {
  JoinV2("/system.slice/job.service");
  LimitV2("/system.slice/job.service", "max");
  LimitV2("/system.slice", "3221225472");
  const Budget budget = Determine(std::nullopt, 100);
  EXPECT_EQ(budget.total_bytes, 3 * kGiB);
  EXPECT_EQ(budget.origin, "100 % of the cgroup v2 limit of 3.0 GiB (/system.slice)");
}

TEST_F(BudgetTest, TheTightestOfNestedVersion2GroupsBinds) {
  const std::vector<std::string> groups = {"/jobs", "/jobs/silver", "/jobs/silver/lane"};
  JoinV2(groups.back());
  for (const std::string& tightest : groups) {
    for (const std::string& group : groups) LimitV2(group, std::to_string(2 * kGiB));
    LimitV2(tightest, std::to_string(kGiB));
    const Budget budget = Determine(std::nullopt, 100);
    EXPECT_EQ(budget.total_bytes, kGiB);
    EXPECT_EQ(budget.origin, "100 % of the cgroup v2 limit of 1.0 GiB (" + tightest + ")");
  }
}

// The root of the real tree has no memory.max; that of a container has the container's.
TEST_F(BudgetTest, FindsTheVersion2LimitOfAContainerAtTheRoot) {
  for (const char* group : {"/", "/kubepods/pod1/0123abcd", "/../../pod2"}) {
    JoinV2(group);
    LimitV2("", std::to_string(256 * kMiB));
    const Budget budget = Determine(std::nullopt, 100);
    EXPECT_EQ(budget.total_bytes, 256 * kMiB) << group;
    EXPECT_EQ(budget.origin, "100 % of the cgroup v2 limit of 256.0 MiB (/)") << group;
    fs::remove(root_ / "cgroup/memory.max");
    EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB) << group;
  }
}

TEST_F(BudgetTest, IsAShareOfTheRamWhereVersion2LimitsNothing) {
  JoinV2("/jobs/silver");
  LimitV2("/jobs/silver", "max");
  LimitV2("/jobs", "max");
  EXPECT_EQ(Determine(std::nullopt).origin, "80 % of the RAM of 8.0 GiB");
  LimitV2("/jobs", std::to_string(64 * kGiB));  // more than there is
  EXPECT_EQ(Determine(std::nullopt).origin, "80 % of the RAM of 8.0 GiB");
}

// A controller that is not handed down leaves groups without the file.
TEST_F(BudgetTest, Version2GroupsWithoutTheFileAreSkipped) {
  JoinV2("/jobs/silver/lane");
  fs::create_directories(root_ / "cgroup/jobs/silver/lane");
  LimitV2("/jobs", std::to_string(kGiB));
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, kGiB);
}

// The kernel slows down and reclaims above memory.high, but it kills at memory.max alone.
TEST_F(BudgetTest, OnlyTheHardLimitOfVersion2Binds) {
  JoinV2("/job");
  LimitV2("/job", std::to_string(2 * kGiB));
  for (const char* soft : {"memory.high", "memory.low", "memory.min", "memory.swap.max"}) {
    Write(std::string("cgroup/job/") + soft, std::to_string(kMiB) + "\n");
  }
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 2 * kGiB);
}

TEST_F(BudgetTest, SurvivesVersion2FilesThatAreNotWhatTheyShouldBe) {
  JoinV2("/job");
  for (const char* text : {"", "\n", "-5", "12monkeys", "1.5", "0x1000", "maximum", "+7",
                           "99999999999999999999999", "max 4096"}) {
    LimitV2("/job", text);
    EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB) << text;
  }
  fs::remove(root_ / "cgroup/job/memory.max");
  fs::create_directories(root_ / "cgroup/job/memory.max");  // a folder
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB);
  for (const char* membership : {"", "\n", "0:", "0::", "::/job", "0::relative/path", "0:/job"}) {
    Write("proc/self/cgroup", membership);
    EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB) << membership;
  }
}

TEST_F(BudgetTest, ARequestAboveTheVersion2LimitIsCapped) {
  JoinV2("/job");
  LimitV2("/job", std::to_string(512 * kMiB));
  EXPECT_EQ(Determine(512 * kMiB).origin, "--memory");
  const Budget budget = Determine(2 * kGiB);
  EXPECT_EQ(budget.total_bytes, 512 * kMiB);
  EXPECT_EQ(budget.origin,
            "the cgroup v2 limit of 512.0 MiB (/job), which is below --memory 2.0 GiB");
}

TEST_F(BudgetTest, ReadsVersion2InTheHybridMount) {
  Write("proc/self/cgroup", "4:memory:/\n0::/job\n");
  LimitV1("", kUnlimitedV1);
  Write("cgroup/unified/job/memory.max", "1073741824\n");
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, kGiB);
}

TEST_F(BudgetTest, TheSmallestOfAllBinds) {
  Write("proc/self/cgroup", "4:memory:/a\n0::/b\n");
  LimitV1("/a", std::to_string(3 * kGiB));
  Write("cgroup/unified/b/memory.max", std::to_string(2 * kGiB));
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 2 * kGiB);
  LimitV1("/a", std::to_string(kGiB));
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, kGiB);
  Write("proc/meminfo", "MemTotal: 1024 kB\n");
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, kMiB);
}

TEST_F(BudgetTest, ARequestIsTakenAsItIs) {
  JoinV1("/job");
  LimitV1("/job", std::to_string(512 * kMiB));
  for (const int64_t bytes : {int64_t{1}, kMiB, 512 * kMiB}) {
    const Budget budget = Determine(bytes, 50);
    EXPECT_EQ(budget.total_bytes, bytes);
    EXPECT_EQ(budget.origin, "--memory");
  }
}

TEST_F(BudgetTest, ARequestAboveTheHardLimitIsCappedAndSaysSo) {
  JoinV1("/job");
  LimitV1("/job", std::to_string(512 * kMiB));
  const Budget budget = Determine(2 * kGiB, 50);
  EXPECT_EQ(budget.total_bytes, 512 * kMiB);
  EXPECT_EQ(budget.origin,
            "the cgroup v1 limit of 512.0 MiB (/job), which is below --memory 2.0 GiB");
}

TEST_F(BudgetTest, ARequestNeedsNoMachine) {
  fs::remove_all(root_);
  EXPECT_EQ(Determine(kGiB).total_bytes, kGiB);
  const auto budget = DetermineBudget(std::nullopt, 80, paths_);
  ASSERT_FALSE(budget.ok());
  EXPECT_EQ(FindError(budget.status())->code, ErrorCode::kStorage);
}

TEST_F(BudgetTest, SurvivesFilesThatAreNotWhatTheyShouldBe) {
  Write("proc/self/cgroup", "\nnonsense\n4:memory\n:::\n4:memory:relative\n");
  LimitV1("", "-5");
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB);
  LimitV1("", "12monkeys");
  EXPECT_EQ(Determine(std::nullopt, 100).total_bytes, 8 * kGiB);
}

TEST_F(BudgetTest, TheLargestLimitDoesNotOverflow) {
  JoinV1("/");
  LimitV1("", kUnlimitedV1);
  Write("proc/meminfo", "MemTotal: 9007199254740991 kB\n");
  EXPECT_EQ(Determine(std::nullopt, 99).total_bytes, 9131138316486223994);
}

TEST_F(BudgetTest, RefusesValuesOutsideTheirRange) {
  for (const auto& [requested, percent] : {std::pair<std::optional<int64_t>, int>{0, 80},
                                           {-1, 80},
                                           {std::nullopt, 0},
                                           {std::nullopt, 101},
                                           {kGiB, -3}}) {
    const auto budget = DetermineBudget(requested, percent, paths_);
    ASSERT_FALSE(budget.ok());
    EXPECT_EQ(FindError(budget.status())->code, ErrorCode::kValueOutOfRange);
  }
}

TEST(RealBudgetTest, ThisMachineHasAPlausibleLimit) {
  const auto limit = FindMemoryLimit(MemorySystemPaths{});
  ASSERT_TRUE(limit.ok()) << limit.status();
  const int64_t ram = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  EXPECT_GT(limit->bytes, 16 * kMiB);
  EXPECT_LE(limit->bytes, ram);
}

}  // namespace
}  // namespace spillway::memory
