// Jobs with a recorder, and what the ledger says of them.
#include "monitor/run_recorder.h"

#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "monitor/ledger.h"
#include "pipeline/test_pipeline.h"

namespace spillway::monitor {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class RunRecorderTest : public pipeline::test::PipelineTest {
 protected:
  RunRecorderTest() {
    MakeSource(300, {.rows_per_file = 100});
    MakeLookup();
  }

  spec::Spec SpecOf(const std::vector<std::string>& settings) const {
    return pipeline::test::ParseSpec(folder_, pipeline_, settings).ValueOrDie();
  }

  // Runs the pipeline on record; returns what End says.
  Status RunOnRecord(const std::vector<std::string>& settings) {
    const spec::Spec spec = SpecOf(settings);
    RunRecorder recorder(spec, path_);
    pipeline::Progress progress;
    pipeline::JobReport report;
    status_ = pipeline::RunJob(spec, {}, {&recorder}, &progress, stop_, &report);
    return recorder.End(report, status_);
  }

  std::vector<RunEntry> Runs() const { return ReadRuns(path_, {}).ValueOrDie(); }

  const std::vector<std::string> chunked_ = {"mode=chunked", "processing.chunk_size=100"};
  const std::string path_ = folder_ / "state/ledger.sqlite";
  pipeline::StopSignal stop_{0};
  Status status_;
};

TEST_F(RunRecorderTest, ARunItsAttemptAndItsChunks) {
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  const std::vector<RunEntry> runs = Runs();
  ASSERT_THAT(runs, SizeIs(1));
  const RunEntry& run = runs[0];
  EXPECT_EQ(run.pipeline, "test");
  EXPECT_EQ(run.target, std::string(folder_ / "target"));
  EXPECT_EQ(run.state, kDone);
  EXPECT_EQ(run.mode, "chunked");
  EXPECT_EQ(run.target_version, TargetVersion());
  EXPECT_EQ(run.rows_written, static_cast<int64_t>(TargetRows().size()));
  EXPECT_GE(run.ended_at, run.started_at);
  EXPECT_EQ(run.budget_bytes, 256 << 20);
  EXPECT_EQ(run.code, "");
  ASSERT_THAT(run.attempts, SizeIs(1));
  EXPECT_EQ(run.attempts[0].chunks, 3);
  EXPECT_EQ(run.attempts[0].chunks_committed, 3);
  EXPECT_EQ(run.attempts[0].rows_committed, run.rows_written);
  EXPECT_EQ(run.attempts[0].code, "");
}

TEST_F(RunRecorderTest, TheLatestRunComesFirst) {
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  stop_ = pipeline::kStopAfterChunk;
  pipeline_.replace(pipeline_.find("'some'"), 6, "'many'");
  pipeline::test::AssertOk(RunOnRecord({"target.mode=overwrite"}));
  std::vector<std::string> states;
  for (const RunEntry& run : Runs()) states.push_back(run.state);
  EXPECT_THAT(states, ElementsAre(kStopped, kUnchanged, kDone));
  EXPECT_THAT(ReadRuns(path_, {.most = 2}).ValueOrDie(), SizeIs(2));
  EXPECT_THAT(ReadRuns(path_, {.pipeline = "other"}).ValueOrDie(), SizeIs(0));
  EXPECT_THAT(ReadRuns(path_, {.target = folder_ / "target"}).ValueOrDie(), SizeIs(3));
}

TEST_F(RunRecorderTest, AFailureAndItsAttempts) {
  for (const auto& entry : fs::directory_iterator(folder_ / "source")) {
    if (entry.path().extension() == ".parquet") fs::resize_file(entry.path(), 100);
  }
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  EXPECT_FALSE(status_.ok());
  const std::vector<RunEntry> runs = Runs();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].state, kFailed);
  EXPECT_THAT(runs[0].code, HasSubstr("SPW-3"));
  EXPECT_NE(runs[0].error, "");
}

TEST_F(RunRecorderTest, EachFailedAttemptIsOnRecord) {
  const spec::Spec spec = SpecOf(chunked_);
  const auto plan = PlanOf(chunked_).ValueOrDie();
  RunRecorder recorder(spec, path_);
  recorder.AttemptBegins(*plan, 1);
  recorder.ChunkCommitted({.end_ordinal = 100, .rows = 120, .target_version = 1});
  const Status fault = Status::IOError("the disk is gone");
  recorder.AttemptFailed({.status = fault}, 1);
  recorder.AttemptBegins(*plan, 2);
  recorder.ChunkCommitted({.first_ordinal = 100, .end_ordinal = 150, .rows = 50});
  recorder.ChunkCommitted({.first_ordinal = 150, .end_ordinal = 200, .rows = 51});
  pipeline::test::AssertOk(recorder.End({}, fault));
  const std::vector<RunEntry> runs = Runs();
  ASSERT_THAT(runs, SizeIs(1));
  ASSERT_THAT(runs[0].attempts, SizeIs(2));
  EXPECT_EQ(runs[0].attempts[0].error, "the disk is gone");
  EXPECT_EQ(runs[0].attempts[0].rows_committed, 120);
  EXPECT_EQ(runs[0].attempts[1].chunks_committed, 2);
  EXPECT_EQ(runs[0].attempts[1].rows_committed, 101);
}

// A run that was killed says nothing of it; whoever reads the ledger sees that its process is gone,
// and the next run, which has the lock, says so for good.
TEST_F(RunRecorderTest, AKilledRun) {
  const spec::Spec spec = SpecOf(chunked_);
  const RunRecorder killed(spec, path_);
  EXPECT_EQ(Runs()[0].state, kRunning);
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, "UPDATE run SET process_started = 1", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(Runs()[0].state, kKilled);
  EXPECT_EQ(sqlite3_exec(handle, "UPDATE run SET host = 'elsewhere'", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(handle);
  EXPECT_EQ(Runs()[0].state, kRunning);
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  const std::vector<RunEntry> runs = Runs();
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0].state, kDone);
  EXPECT_EQ(runs[1].state, kKilled);
}

TEST_F(RunRecorderTest, ALockedLedgerStopsNoRun) {
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Status locked = RunOnRecord(chunked_);
  EXPECT_EQ(pipeline::test::CodeOf(locked), ErrorCode::kLedger);
  EXPECT_THAT(FindError(locked)->why, HasSubstr("locked"));
  pipeline::test::AssertOk(status_);
  sqlite3_close(other);
  EXPECT_THAT(Runs(), SizeIs(1));
}

// What waits is written once it can be.
TEST_F(RunRecorderTest, ALedgerThatIsLockedForAWhileMissesNothing) {
  const spec::Spec spec = SpecOf(chunked_);
  const auto plan = PlanOf(chunked_).ValueOrDie();
  RunRecorder recorder(spec, path_);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  recorder.AttemptBegins(*plan, 1);
  recorder.ChunkCommitted({.end_ordinal = 100, .rows = 120});
  sqlite3_close(other);
  pipeline::test::AssertOk(recorder.End({}, Status::OK()));
  ASSERT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(Runs()[0].attempts.at(0).rows_committed, 120);
}

TEST_F(RunRecorderTest, ALedgerThatCannotBeOpenedStopsNoRun) {
  fs::create_directories(fs::path(path_).parent_path());
  std::ofstream(path_) << "this is no database, but a text that is long enough to be looked at";
  EXPECT_THAT(FindError(RunOnRecord(chunked_))->why, HasSubstr("not a database"));
  pipeline::test::AssertOk(status_);
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_FALSE(RunOnRecord(chunked_).ok());
  pipeline::test::AssertOk(status_);
  fs::remove(path_);
  fs::create_symlink(folder_ / "elsewhere", path_);
  EXPECT_FALSE(RunOnRecord(chunked_).ok());
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

TEST_F(RunRecorderTest, NoLedgerAtAll) {
  EXPECT_THAT(ReadRuns(path_, {}).ValueOrDie(), SizeIs(0));
  EXPECT_FALSE(fs::exists(fs::path(path_).parent_path()));
  const spec::Spec spec = SpecOf(chunked_);
  RunRecorder recorder(spec, "");
  pipeline::test::AssertOk(recorder.End({}, Status::OK()));
}

TEST_F(RunRecorderTest, ANewerLedgerIsLeftAlone) {
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "PRAGMA user_version = 2", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_THAT(RunOnRecord(chunked_).message(), HasSubstr("newer version"));
  pipeline::test::AssertOk(status_);
  EXPECT_THAT(ReadRuns(path_, {}).status().message(), HasSubstr("newer version"));
}

TEST_F(RunRecorderTest, TheLedgerIsItsOwnersAlone) {
  pipeline::test::AssertOk(RunOnRecord(chunked_));
  struct stat facts;
  ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST_F(RunRecorderTest, Validations) {
  const spec::Spec spec = SpecOf(chunked_);
  pipeline::test::AssertOk(RecordValidation(spec, 4, true, R"({"valid": true})", path_));
  pipeline::test::AssertOk(RecordValidation(spec, 5, false, R"({"valid": false})", path_));
  const auto validations = ReadValidations(path_, {.pipeline = "test"}).ValueOrDie();
  ASSERT_THAT(validations, SizeIs(2));
  EXPECT_EQ(validations[0].target_version, 5);
  EXPECT_FALSE(validations[0].passed);
  EXPECT_TRUE(validations[1].passed);
  EXPECT_EQ(validations[1].report, R"({"valid": true})");
}

TEST(LedgerPath, FollowsTheEnvironment) {
  ::unsetenv("SPILLWAY_STATE_DIRECTORY");
  ::setenv("HOME", "/home/me", 1);
  ::unsetenv("XDG_STATE_HOME");
  EXPECT_EQ(LedgerPath(), "/home/me/.local/state/spillway/ledger.sqlite");
  ::setenv("XDG_STATE_HOME", "not/absolute", 1);
  EXPECT_EQ(LedgerPath(), "/home/me/.local/state/spillway/ledger.sqlite");
  ::setenv("XDG_STATE_HOME", "/state", 1);
  EXPECT_EQ(LedgerPath(), "/state/spillway/ledger.sqlite");
  ::setenv("SPILLWAY_STATE_DIRECTORY", "here", 1);
  EXPECT_EQ(LedgerPath(), "here/ledger.sqlite");
  ::unsetenv("SPILLWAY_STATE_DIRECTORY");
  ::unsetenv("XDG_STATE_HOME");
  ::unsetenv("HOME");
  EXPECT_EQ(LedgerPath(), "");
}

}  // namespace
}  // namespace spillway::monitor
