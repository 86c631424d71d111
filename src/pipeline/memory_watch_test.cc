// Runs on a machine made of text files, whose other processes take and give back memory.
#include "pipeline/memory_watch.h"

#include <fstream>
#include <functional>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "pipeline/job.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class MemoryWatchTest : public test::PipelineTest {
 protected:
  MemoryWatchTest() {
    MakeSource(300, {.rows_per_file = 100});
    MakeLookup();
    paths_.cgroup_membership = folder_ / "none";
    paths_.meminfo = folder_ / "meminfo";
    Leave(900 * kMiB);
  }

  // Of a RAM of 1000 MiB.
  void Leave(int64_t bytes) const {
    const std::string text =
        fmt::format("MemTotal: {} kB\nMemAvailable: {} kB\n", 1000 * 1024, bytes / 1024);
    std::ofstream(folder_ / "meminfo.new") << text;
    std::filesystem::rename(std::string(folder_ / "meminfo.new"), paths_.meminfo);
  }

  std::unique_ptr<Plan> MakeOwnPlan() const {
    auto spec = test::ParseSpec(folder_, pipeline_, {}).ValueOrDie();
    return MakePlan(std::move(spec), {.memory_paths = paths_}).ValueOrDie();
  }

  static void WaitUntil(const std::function<bool()>& is_so) {
    while (!is_so()) std::this_thread::sleep_for(milliseconds(1));
  }

  memory::MemorySystemPaths paths_;
  Progress progress_;
  StopSignal user_stop_{0};
};

TEST_F(MemoryWatchTest, LanesWaitWhileItIsShort) {
  const auto plan = MakeOwnPlan();
  plan->memory.bound_bytes = 900 * kMiB;
  memory::PeakSampler sampler;
  test::AssertOk(sampler.Start());
  const MemoryWatch watch(*plan, progress_, sampler, user_stop_,
                          {.interval = milliseconds(1), .patience = std::chrono::hours(1)});
  Leave(150 * kMiB);
  WaitUntil([&] { return watch.is_short().load(); });
  EXPECT_EQ(watch.stop(), 0);
  Leave(900 * kMiB);
  WaitUntil([&] { return !watch.is_short().load(); });
  EXPECT_FALSE(watch.stopped_for());
}

TEST_F(MemoryWatchTest, StopsWhereItStaysShort) {
  const auto plan = MakeOwnPlan();
  memory::PeakSampler sampler;
  test::AssertOk(sampler.Start());
  plan->memory.bound_bytes = 900 * kMiB;
  struct Case {
    Phase phase;
    int64_t left_mib;
    int stop;
  };
  for (const auto& [phase, left_mib, stop] :
       {Case{Phase::kChunks, 150, kStopAfterChunk}, Case{Phase::kLookups, 150, kStopNow},
        Case{Phase::kChunks, 50, kStopNow}}) {
    Leave(left_mib * kMiB);
    progress_.phase = phase;
    const MemoryWatch watch(*plan, progress_, sampler, user_stop_,
                            {.interval = milliseconds(1), .patience = milliseconds(1)});
    WaitUntil([&] { return watch.stop().load() != 0; });
    EXPECT_EQ(watch.stop(), stop);
    ASSERT_TRUE(watch.stopped_for());
    EXPECT_THAT(watch.stopped_for()->why, HasSubstr("of the RAM of 1000.0 MiB"));
  }
}

TEST_F(MemoryWatchTest, PassesOnWhatTheUserWants) {
  const auto plan = MakeOwnPlan();
  const memory::PeakSampler sampler;
  const MemoryWatch watch(*plan, progress_, sampler, user_stop_);
  EXPECT_EQ(watch.stop(), 0);
  user_stop_ = kStopAfterChunk;
  WaitUntil([&] { return watch.stop().load() == kStopAfterChunk; });
  user_stop_ = kStopNow;
  WaitUntil([&] { return watch.stop().load() == kStopNow; });
  EXPECT_FALSE(watch.stopped_for());
}

// What other processes do while a job goes on.
class Others : public JobListener {
 public:
  void AttemptBegins(const Plan& plan, int /*number*/) override {
    budgets.push_back(plan.budget.total_bytes);
  }
  void ChunkCommitted(const CommittedChunk& chunk) override { committed(chunk.target_version); }
  void AttemptFailed(const FailedAttempt& attempt, int /*number*/) override {
    codes.push_back(test::CodeOf(attempt.status));
    failed();
  }

  std::function<void(int64_t version)> committed;
  std::function<void()> failed;
  std::vector<int64_t> budgets;
  std::vector<ErrorCode> codes;
};

class JobBesideOthersTest : public MemoryWatchTest {
 protected:
  // The first of three chunks is committed when others take all but `left`; so it stays for longer
  // than the run has patience, and is `later` when the next attempt begins.
  Status RunBeside(Others* others, int64_t left, int64_t later) {
    others->committed = [=, this](int64_t version) {
      if (version != 0) return;
      Leave(left);
      std::this_thread::sleep_for(milliseconds(2'500));
    };
    others->failed = [=, this] { Leave(later); };
    const auto spec = test::ParseSpec(folder_, pipeline_,
                                      {"mode=chunked", "processing.chunk_size=100",
                                       "resources.memory=900MiB", "resources.lanes=1"})
                          .ValueOrDie();
    return RunJob(spec, {.memory_paths = paths_}, {others}, &progress_, user_stop_, &report_);
  }

  JobReport report_;
};

TEST_F(JobBesideOthersTest, TheNextAttemptTakesWhatTheyLeave) {
  Others others;
  test::AssertOk(RunBeside(&others, kMiB, 600 * kMiB));
  EXPECT_THAT(others.codes, ElementsAre(ErrorCode::kMemoryShort));
  ASSERT_THAT(others.budgets, SizeIs(2));
  EXPECT_EQ(others.budgets[0], 900 * kMiB);
  EXPECT_LT(others.budgets[1], 700 * kMiB);  // 80 % of 1000 MiB less 400, but for what we use
  EXPECT_GE(others.budgets[1], 400 * kMiB);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

TEST_F(JobBesideOthersTest, ACleanStopWhereTheyLeaveTooLittle) {
  Others others;
  const Status status = RunBeside(&others, kMiB, kMiB);
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kBudgetTooSmall);
  EXPECT_THAT(status.message(), HasSubstr("that other processes leave"));
  EXPECT_GE(report_.commits.size(), 1U);
  // Nothing was lost: a run with plenty of memory goes on.
  Leave(900 * kMiB);
  Others none;
  test::AssertOk(RunBeside(&none, 900 * kMiB, 900 * kMiB));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

TEST_F(JobBesideOthersTest, OthersThatLeaveTheBoundStopNothing) {
  Others others;
  test::AssertOk(RunBeside(&others, 450 * kMiB, 0));
  EXPECT_TRUE(others.codes.empty());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

}  // namespace
}  // namespace spillway::pipeline
