// Where a run begins after others of the same pipeline, and when it is refused.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using testing::HasSubstr;

class BeginningTest : public test::PipelineTest {
 protected:
  BeginningTest() {
    MakeSource(100);
    MakeLookup();
  }

  static std::vector<std::string> Settings(const std::string& mode,
                                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> settings = {"mode=chunked", "processing.chunk_size=20",
                                         "target.mode=" + mode};
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
  }

  void RunOnce(const std::vector<std::string>& settings, bool fresh = false,
               size_t chunks = SIZE_MAX) {
    test::AssertOk(RunAll(settings, fresh, chunks).status());
  }

  void ExpectRefused(const std::vector<std::string>& settings, const std::string& difference,
                     const std::string& cure) {
    const Status status = PlanOf(settings).status();
    const auto error = FindError(status);
    ASSERT_TRUE(error) << status.ToString();
    EXPECT_EQ(error->code, ErrorCode::kPlanChanged);
    EXPECT_THAT(error->why, HasSubstr(difference));
    EXPECT_THAT(error->cure, HasSubstr(cure));
    EXPECT_EQ(ExitCode(status), 2);
  }

  void ExpectRowsAreThere(const std::vector<std::string>& settings, size_t rows,
                          const std::string& why = "") {
    const auto error = FindError(PlanOf(settings, /*fresh=*/true).status());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kPlanChanged);
    EXPECT_THAT(error->what, HasSubstr(fmt::format("{} rows of this pipeline", rows)));
    EXPECT_THAT(error->why, HasSubstr(why));
    EXPECT_THAT(error->cure, HasSubstr("--append-again"));
  }

  std::unique_ptr<delta::Snapshot> Target() const {
    return delta::Snapshot::Open(folder_ / "target").ValueOrDie();
  }

  void RemoveAllRows() const {
    const delta::CommitRequest request{.mode = delta::CommitRequest::Mode::kOverwrite};
    ASSERT_TRUE(delta::Commit(*Target(), request).ValueOrDie().committed);
  }

  std::string LogPath(int64_t version) const {
    return fmt::format("{}/_delta_log/{:020}.json", folder_ / "target", version);
  }

  // As a DELETE by another writer.
  void RemoveOneFile() const {
    const std::string path = test::FilesOf(folder_ / "target").front().path;
    std::ofstream(LogPath(TargetVersion() + 1))
        << R"({"commitInfo":{"operation":"DELETE"}})" << "\n"
        << fmt::format(R"({{"remove":{{"path":"{}","dataChange":true,"deletionTimestamp":1}}}})",
                       path.substr(path.rfind('/') + 1))
        << "\n";
  }

  void CleanUpLog(bool all) const {
    const int64_t version = TargetVersion();
    test::AssertOk(Target()->WriteCheckpoint());
    for (int64_t old = 0; old < version + (all ? 1 : 0); ++old) {
      std::filesystem::remove(LogPath(old));
    }
  }
};

TEST_F(BeginningTest, AChangedPipelineDoesNotGoOn) {
  RunOnce(Settings("overwrite", {"where=id > 3"}), false, 2);
  const auto changed = Settings("overwrite", {"where=id > 4"});
  ExpectRefused(changed, R"(- where "id > 3")", "--fresh");
  ExpectRefused(changed, R"(+ where "id > 4")", "--fresh");
  // What it was still goes on; and the changed one begins anew where that is wanted.
  EXPECT_EQ(PlanOf(Settings("overwrite", {"where=id > 3"}))->get()->committed_ordinal, 40);
  RunOnce(changed, /*fresh=*/true);
  EXPECT_EQ(TargetRows().size(), ExpectedRows(5, 100).size());
}

TEST_F(BeginningTest, ARunGoesOnWithTheVersionsThatItHadPinned) {
  for (const std::string mode : {"overwrite", "append"}) {
    for (const char* table : {"target", "source", "lookup"}) {
      std::filesystem::remove_all(folder_ / table);
    }
    MakeSource(100);
    MakeLookup();
    RunOnce(Settings(mode), false, 2);
    MakeSource(10);
    MakeLookup();
    const auto plan = PlanOf(Settings(mode)).ValueOrDie();
    EXPECT_EQ(plan->committed_ordinal, 40);
    ASSERT_EQ(plan->held.size(), 2U);
    EXPECT_THAT(DescribeHeld(plan->held), HasSubstr("source version 1, scores version "));
    EXPECT_THAT(DescribeHeld(plan->held),
                HasSubstr("; 2 newer versions are left for the next run"));
    RunOnce(Settings(mode));
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
    // Looking at it, the versions are still those.
    const auto looked = MakePlan(test::ParseSpec(folder_, pipeline_, Settings(mode)).ValueOrDie(),
                                 {.beginning = {.only_looks = true}});
    test::AssertOk(looked.status());
    EXPECT_TRUE((*looked)->finished());
    EXPECT_EQ((*looked)->held.size(), 2U);
  }
  // The next run has the new rows.
  RunOnce(Settings("overwrite"), /*fresh=*/true);
  EXPECT_GT(TargetRows().size(), ExpectedRows(0, 100).size());
}

TEST_F(BeginningTest, AVersionThatThePipelineFileGivesDoesNotGoOnAsAnother) {
  RunOnce(Settings("overwrite"), false, 2);
  MakeSource(10);
  const auto pinned = Settings("overwrite", {"source.version=2"});
  ExpectRefused(pinned, "- source is version 1 of ", "source.version");
  ExpectRefused(pinned, "+ source is version 2 of ", "source.version");
  RunOnce(Settings("overwrite", {"source.version=1"}));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
}

TEST_F(BeginningTest, AChangedPipelineIsToldWithoutTheInputsNewVersions) {
  RunOnce(Settings("overwrite", {"where=id > 3"}), false, 2);
  MakeSource(10);
  const auto changed = Settings("overwrite", {"where=id > 4"});
  ExpectRefused(changed, R"(+ where "id > 4")", "--fresh");
  const auto error = FindError(PlanOf(changed).status());
  EXPECT_THAT(error->why, testing::Not(HasSubstr("version")));
}

TEST_F(BeginningTest, SaysWhatIsGoneOfAVersionThatItHadPinned) {
  RunOnce(Settings("overwrite"), false, 2);
  for (const delta::DataFile& file : test::FilesOf(folder_ / "source")) {
    std::filesystem::remove(file.path);
  }
  const auto base = delta::Snapshot::Open(folder_ / "source").ValueOrDie();
  ASSERT_TRUE(delta::Commit(*base, {.mode = delta::CommitRequest::Mode::kOverwrite})
                  .ValueOrDie()
                  .committed);
  MakeSource(30);
  const auto error = FindError(PlanOf(Settings("overwrite")).status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kDataFileMissing);
  EXPECT_THAT(error->what, HasSubstr("can no longer be read"));
  EXPECT_THAT(error->why, HasSubstr("source version 1"));
  EXPECT_THAT(error->cure, HasSubstr("--fresh"));
  RunOnce(Settings("overwrite"), /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 30));
}

TEST_F(BeginningTest, AFinishedRunIsOverwritten) {
  RunOnce(Settings("overwrite"));
  RunOnce(Settings("overwrite", {"where=id > 4"}));
  EXPECT_EQ(TargetRows(), ExpectedRows(5, 100));
  // Its rows are gone: what once has finished is not finished now.
  RunOnce(Settings("overwrite"));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  EXPECT_TRUE(RunAll(Settings("overwrite"))->already_finished);
}

TEST_F(BeginningTest, ChangedRowsAreNotAppendedToAFinishedRun) {
  RunOnce(Settings("append", {"where=id <= 4"}));
  const auto changed = Settings("append", {"where=id > 4"});
  ExpectRefused(changed, "where", "--fresh --append-again");
  ExpectRefused(
      changed, fmt::format("{} rows of this pipeline are in the target", ExpectedRows(0, 5).size()),
      "target.mode=overwrite");
  ExpectRowsAreThere(changed, ExpectedRows(0, 5).size());
  append_again_ = true;
  RunOnce(changed, /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  // Both are there.
  EXPECT_TRUE(RunAll(changed)->already_finished);
  EXPECT_TRUE(RunAll(Settings("append", {"where=id <= 4"}))->already_finished);
}

TEST_F(BeginningTest, RowsAreAppendedOnceMoreOnlyByASecondFlag) {
  RunOnce(Settings("append"));
  ExpectRowsAreThere(Settings("append"), ExpectedRows(0, 100).size());
  MakeSource(10);
  ExpectRefused(Settings("append"), "+ source is version 2 of ", "--fresh --append-again");
  ExpectRowsAreThere(Settings("append"), ExpectedRows(0, 100).size());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
}

// Its first rows would be there twice.
TEST_F(BeginningTest, AFreshRunThatAppendsGoesOnWhereItHasBegun) {
  RunOnce(Settings("append"), /*fresh=*/true, 2);
  RunOnce(Settings("append"), /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  append_again_ = true;
  RunOnce(Settings("append"), /*fresh=*/true);
  EXPECT_EQ(TargetRows().size(), 2 * ExpectedRows(0, 100).size());
}

TEST_F(BeginningTest, AFreshRunAppendsAnewWhereNothingOfTheOldOneIsLeft) {
  RunOnce(Settings("append"), false, 2);
  RemoveAllRows();
  EXPECT_EQ(test::CodeOf(RunAll(Settings("append")).status()), ErrorCode::kCommitConflict);
  RunOnce(Settings("append"), /*fresh=*/true, 2);
  RunOnce(Settings("append"));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
}

TEST_F(BeginningTest, AFreshRunDoesNotAppendToAPartOfTheOldOne) {
  RunOnce(Settings("append"), false, 2);
  RemoveOneFile();
  const auto rows = TargetRows().size();
  ExpectRowsAreThere(Settings("append"), rows, "or a part of them");
}

// A checkpoint, after which the commits before it are cleaned up: all of them, or all but the last.
TEST_F(BeginningTest, AFreshRunGoesOnWhereTheLogHasLostItsCommits) {
  for (const bool all : {false, true}) {
    std::filesystem::remove_all(folder_ / "target");
    RunOnce(Settings("append"), false, 3);
    CleanUpLog(all);
    const auto error = FindError(RunAll(Settings("append")).status());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kVersionNotFound);
    EXPECT_THAT(error->cure, HasSubstr("--fresh"));
    RunOnce(Settings("append"), /*fresh=*/true);
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  }
}

TEST_F(BeginningTest, NothingIsAppendedTwiceWhereTheLogDoesNotTellWhatIsThere) {
  RunOnce(Settings("append"), false, 3);
  CleanUpLog(/*all=*/true);
  MakeSource(10);
  const auto error = FindError(RunAll(Settings("append")).status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kPlanChanged);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 60));
}

TEST_F(BeginningTest, AFinishedRunWhoseRowsOthersChangedHasSomethingToDo) {
  RunOnce(Settings("overwrite"));
  RemoveOneFile();
  const auto plan = PlanOf(Settings("overwrite")).ValueOrDie();
  const auto error = FindError(CheckFinishedTarget(*plan));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kCommitConflict);
  EXPECT_THAT(error->cure, HasSubstr("--fresh"));
  RunOnce(Settings("overwrite"), /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  test::AssertOk(CheckFinishedTarget(*PlanOf(Settings("overwrite")).ValueOrDie()));
}

TEST_F(BeginningTest, AnotherPipelineIsNoneOfOurs) {
  RunOnce(Settings("overwrite"), false, 2);
  EXPECT_TRUE(PlanOf(Settings("overwrite", {"pipeline=another"})).ok());
  EXPECT_TRUE(PlanOf(Settings("overwrite", {"pipeline=tes"})).ok());
}

TEST_F(BeginningTest, ATargetThatForgetsIsNotAppendedTo) {
  const std::string retention = "delta.setTransactionRetentionDuration";
  test::AssertOk(delta::CreateTable(folder_ / "target",
                                    {.schema = PlanOf().ValueOrDie()->pipeline->output_schema,
                                     .properties = {{retention, "interval 1 days"}}})
                     .status());
  const Status status = PlanOf(Settings("append")).status();
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kProgressForgotten) << status.ToString();
  EXPECT_THAT(FindError(status)->why, HasSubstr("interval 1 days"));
  EXPECT_TRUE(PlanOf(Settings("overwrite")).ok());
  RunOnce(Settings("append"), /*fresh=*/true, 2);
  RunOnce(Settings("append"));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
}

}  // namespace
}  // namespace spillway::pipeline
