#include "pipeline/job.h"

#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "delta/commit_stream.h"
#include "pipeline/state_folder.h"
#include "pipeline/test_pipeline.h"
#include "state/run_lock.h"
#include "state/run_record.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

// Calls a function when an attempt begins.
class Listener : public JobListener {
 public:
  void AttemptBegins(const Plan& plan, int number) override {
    lanes.push_back(plan.lanes);
    chunk_rows.push_back(plan.spec.processing.chunk_size_rows);
    if (begins) begins(plan, number);
  }
  void ChunkCommitted(const CommittedChunk& chunk) override {
    commits.push_back(chunk);
    if (committed) committed();
  }
  void AttemptFailed(const FailedAttempt& /*attempt*/, int number) override {
    failed.push_back(number);
    if (fails) fails();
  }

  std::function<void(const Plan&, int)> begins;
  std::function<void()> committed;
  std::function<void()> fails;
  std::vector<int> lanes;
  std::vector<int64_t> chunk_rows;
  std::vector<int> failed;
  std::vector<CommittedChunk> commits;
};

class JobTest : public test::PipelineTest {
 protected:
  JobTest() {
    MakeSource(300, {.rows_per_file = 100});
    MakeLookup();
  }

  Status RunAs(const std::vector<std::string>& settings, bool fresh = false) {
    auto spec = test::ParseSpec(folder_, pipeline_, settings);
    if (!spec.ok()) return spec.status();
    report_ = {};
    progress_.chunks_committed = 0;
    return RunJob(*spec, {.beginning = {.fresh = fresh}}, {&listener_}, &progress_, stop_,
                  &report_);
  }

  // The source's second file: in its place is a link to itself, which cannot be opened.
  void Break(const Plan& plan) {
    broken_ = plan.source->files()[1].data_file.path;
    fs::rename(broken_, broken_ + ".away");
    fs::create_symlink(broken_, broken_);
  }
  void Mend() {
    fs::remove(broken_);
    fs::rename(broken_ + ".away", broken_);
  }

  // The data files in the target's folder.
  int64_t CountFiles() const {
    int64_t files = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "target")) {
      files += entry.path().extension() == ".parquet" ? 1 : 0;
    }
    return files;
  }
  int64_t CountLiveFiles() const {
    const auto table = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    const auto files = table->Files().ValueOrDie();
    int64_t count = 0;
    while (files->Next().ValueOrDie()) ++count;
    return count;
  }

  const std::vector<std::string> chunked_ = {"mode=chunked", "processing.chunk_size=100",
                                             "resources.lanes=2"};
  Listener listener_;
  Progress progress_;
  StopSignal stop_{0};
  JobReport report_;
  std::string broken_;
};

TEST_F(JobTest, RunsAndLeavesNothingBeside) {
  test::AssertOk(RunAs(chunked_));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  EXPECT_TRUE(report_.failed.empty());
  EXPECT_EQ(report_.run.chunks_committed, 3);
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
  test::AssertOk(RunAs(chunked_));
  EXPECT_TRUE(report_.run.already_finished);
}

TEST_F(JobTest, AnotherAttemptGoesOnAfterTheLastCommit) {
  listener_.begins = [this](const Plan& plan, int number) {
    if (number == 1) Break(plan);
  };
  listener_.fails = [this] { Mend(); };
  test::AssertOk(RunAs(chunked_));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  ASSERT_EQ(report_.failed.size(), 1U);
  EXPECT_EQ(report_.failed[0].rows_committed, 100);
  EXPECT_EQ(report_.failed[0].lanes, 2);
  EXPECT_EQ(test::CodeOf(report_.failed[0].status), ErrorCode::kStorage);
  EXPECT_EQ(report_.run.source_rows, 200);
  EXPECT_EQ(listener_.lanes, (std::vector{2, 1}));
  EXPECT_EQ(listener_.failed, std::vector{1});
  EXPECT_EQ(CountFiles(), CountLiveFiles());
}

// An attempt that fails, and whose files cannot be removed, since the log cannot be read.
TEST_F(JobTest, WhatAnAttemptCouldNotRemoveTheNextRunDoes) {
  const fs::path commit = folder_ / "target/_delta_log/00000000000000000000.json";
  std::string left;
  listener_.begins = [&](const Plan& plan, int number) {
    if (number > 1) return;
    Break(plan);
    left = (folder_ / "target/") + NewDataFileName(0, plan.file_tag, arrow::Compression::SNAPPY);
  };
  listener_.committed = [&] {
    if (listener_.commits.size() > 1) return;
    std::ofstream(left) << "rows";
    fs::rename(commit, commit.string() + ".away");
    std::ofstream(commit) << "no commit";
  };
  listener_.fails = [&] {
    Mend();
    fs::rename(commit.string() + ".away", commit);
    EXPECT_TRUE(fs::exists(left));
  };
  test::AssertOk(RunAs(chunked_));
  EXPECT_EQ(report_.failed.size(), 1U);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(CountFiles(), CountLiveFiles());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

TEST_F(JobTest, WhatALeftRecordSaysIsNotForgottenWhereItCannotBeRead) {
  const auto plan = PlanOf(chunked_).ValueOrDie();
  const fs::path record = StateFolderOf(*plan) + "/" + StateNameOf(plan->spec) + ".run";
  fs::create_directories(record);  // can be opened, and not be read
  EXPECT_EQ(test::CodeOf(RunAs(chunked_)), ErrorCode::kStorage);
  EXPECT_TRUE(fs::exists(record));
}

TEST_F(JobTest, AFreshRunIsNotBegunTwice) {
  test::AssertOk(RunAs(chunked_));
  std::string app_id;
  listener_.begins = [&](const Plan& plan, int number) {
    if (number == 1) {
      Break(plan);
      app_id = plan.app_id;
    } else {
      EXPECT_EQ(plan.app_id, app_id);
      EXPECT_EQ(plan.committed_ordinal, 100);
    }
  };
  listener_.fails = [this] { Mend(); };
  std::vector<std::string> settings = chunked_;
  settings.emplace_back("target.mode=overwrite");
  test::AssertOk(RunAs(settings, /*fresh=*/true));
  EXPECT_EQ(report_.failed.size(), 1U);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

TEST_F(JobTest, StepsBecomeSmallerUntilTheAttemptsEnd) {
  listener_.begins = [this](const Plan& plan, int /*number*/) { Break(plan); };
  listener_.fails = [this] { Mend(); };  // or it could not be planned again
  const Status status = RunAs({"mode=chunked", "processing.chunk_size=200000", "resources.lanes=2",
                               "processing.max_attempts=4"});
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kStorage) << status.ToString();
  EXPECT_EQ(listener_.chunk_rows, (std::vector<int64_t>{200'000, 100'000, 65'536, 65'536}));
  EXPECT_EQ(listener_.lanes.back(), 1);
  EXPECT_EQ(report_.failed.size(), 3U);
  EXPECT_FALSE(fs::exists(folder_ / "target"));
}

TEST_F(JobTest, WhatIsNotWorthAnotherAttemptHasNone) {
  pipeline_ += "where: size / (size - size) > 1\n";
  const Status status = RunAs(chunked_);
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kEvaluation);
  EXPECT_TRUE(report_.failed.empty());
}

TEST_F(JobTest, OnlyOneAtATime) {
  const auto plan = PlanOf(chunked_).ValueOrDie();
  {
    const auto other =
        state::RunLock::Take(StateFolderOf(*plan), StateNameOf(plan->spec)).ValueOrDie();
    EXPECT_EQ(test::CodeOf(RunAs(chunked_)), ErrorCode::kRunIsAlive);
    EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
  }
  test::AssertOk(RunAs(chunked_));
}

TEST_F(JobTest, RemovesWhatAKilledRunLeft) {
  const auto plan = PlanOf(chunked_).ValueOrDie();
  fs::create_directories(StateFolderOf(*plan));
  test::AssertOk(state::WriteRunRecord(StateFolderOf(*plan), StateNameOf(plan->spec),
                                       {.file_tags = {plan->file_tag}, .first_version = 0}));
  const std::string left =
      (folder_ / "target/") + NewDataFileName(0, plan->file_tag, arrow::Compression::SNAPPY);
  std::ofstream(left) << "rows";
  test::AssertOk(RunAs(chunked_));
  EXPECT_EQ(report_.files_removed, 1);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

// Stops a job as soon as it has done something.
class StopWhen {
 public:
  StopWhen(const std::function<bool()>& is_time, int urgency, StopSignal* stop)
      : thread_([=](const std::stop_token& end) {
          while (!end.stop_requested() && !is_time()) std::this_thread::yield();
          *stop = urgency;
        }) {}

 private:
  std::jthread thread_;
};

TEST_F(JobTest, WhatIsPublishedAtTheEndIsKeptUntilThen) {
  const std::vector<std::string> settings = {"mode=chunked", "processing.chunk_size=10",
                                             "target.publish=at_end", "resources.lanes=2",
                                             "processing.checkpoint_interval=1"};
  {
    const StopWhen stop([this] { return progress_.chunks_written >= 3; }, kStopAfterChunk, &stop_);
    test::AssertOk(RunAs(settings));
  }
  ASSERT_TRUE(report_.run.stopped);
  EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
  EXPECT_TRUE(fs::exists(folder_ / "target/_spillway"));
  EXPECT_THAT(DescribeWhatIsKept(report_, progress_), testing::HasSubstr("kept"));
  const int64_t kept = CountFiles();
  EXPECT_GE(kept, 3);

  stop_ = 0;
  test::AssertOk(RunAs(settings));
  EXPECT_GE(report_.run.kept_rows, 30);
  EXPECT_EQ(report_.run.kept_rows + report_.run.source_rows, 300);
  EXPECT_EQ(report_.files_removed, 0);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  EXPECT_EQ(TargetVersion(), 0);  // its making, with all rows
  EXPECT_EQ(CountFiles(), CountLiveFiles());
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

// One commit has one time, whatever run wrote its rows.
TEST_F(JobTest, AStandardRunGoesOnWithItsTime) {
  pipeline_ = R"(
pipeline: test
source: {table: source}
lookups: [{name: scores, table: lookup, key: [key]}]
columns: {now: current_timestamp()}
target: {table: target, target_file_size: 1}
processing: {checkpoint_interval: 1}
resources: {memory: 256MiB, lanes: 1}
)";
  listener_.begins = [this](const Plan& plan, int number) {
    if (number == 1) Break(plan);  // the first file's rows are written
  };
  const std::vector<std::string> once = {"processing.max_attempts=1"};
  EXPECT_FALSE(RunAs(once).ok());
  Mend();
  listener_ = {};
  test::AssertOk(RunAs(once));
  EXPECT_EQ(report_.run.kept_rows, 100);
  EXPECT_EQ(report_.run.source_rows, 200);
  std::set<std::string> times;
  for (const std::string& row : TargetRows()) {
    const size_t begin = row.rfind('|', row.size() - 2) + 1;
    times.insert(row.substr(begin));
  }
  EXPECT_EQ(times.size(), 1U);
  EXPECT_EQ(TargetRows().size(), ExpectedRows(0, 300).size());
}

TEST_F(JobTest, WithoutCheckpointsNothingIsKept) {
  listener_.begins = [this](const Plan& plan, int number) {
    if (number == 1) Break(plan);
  };
  const std::vector<std::string> settings = {
      "mode=standard", "processing.enable_checkpointing=false", "target.target_file_size=1",
      "processing.max_attempts=1", "resources.lanes=1"};
  EXPECT_FALSE(RunAs(settings).ok());
  EXPECT_FALSE(fs::exists(folder_ / "target"));
  Mend();
}

// What another plan has written is not kept.
TEST_F(JobTest, AFreshRunRemovesWhatWasKept) {
  listener_.begins = [this](const Plan& plan, int number) {
    if (number == 1) Break(plan);
  };
  std::vector<std::string> settings = {"mode=standard", "processing.checkpoint_interval=1",
                                       "target.target_file_size=1", "processing.max_attempts=1",
                                       "resources.lanes=1"};
  EXPECT_FALSE(RunAs(settings).ok());
  const int64_t kept = CountFiles();
  EXPECT_GE(kept, 1);
  Mend();
  listener_ = {};
  settings.emplace_back("where=id >= 0");
  test::AssertOk(RunAs(settings));
  EXPECT_EQ(report_.run.kept_rows, 0);
  EXPECT_EQ(report_.files_removed, kept);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  EXPECT_EQ(CountFiles(), CountLiveFiles());
}

TEST_F(JobTest, WhatARunLeftThatWasKilledAtItsEndGoes) {
  test::AssertOk(RunAs(chunked_));
  fs::create_directories(StateFolderOf(*report_.plan));
  const std::string name = StateNameOf(report_.plan->spec);
  test::AssertOk(
      state::WriteRunRecord(StateFolderOf(*report_.plan), name,
                            {.file_tags = {report_.plan->file_tag}, .first_version = 0}));
  test::AssertOk(Checkpoint::Make(CheckpointPathOf(*report_.plan), "run", {}, 1).status());
  test::AssertOk(RunAs(chunked_));
  EXPECT_TRUE(report_.run.already_finished);
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
}

// Nothing is made for a job that cannot begin.
TEST_F(JobTest, WhatCannotBePlannedWritesNothing) {
  EXPECT_FALSE(RunAs({"source.table=missing"}).ok());
  EXPECT_EQ(report_.plan, nullptr);
  EXPECT_EQ(test::CodeOf(RunAs({"resources.memory=1MiB"})), ErrorCode::kBudgetTooSmall);
  EXPECT_FALSE(fs::exists(folder_ / "target"));
}

}  // namespace
}  // namespace spillway::pipeline
