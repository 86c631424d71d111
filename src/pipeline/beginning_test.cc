// Where a run begins after others of the same pipeline, and when it is refused.
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

TEST_F(BeginningTest, AChangedInputDoesNotGoOn) {
  RunOnce(Settings("overwrite"), false, 2);
  MakeSource(10);
  ExpectRefused(Settings("overwrite"), "- source is version 1 of ", "source.version");
  ExpectRefused(Settings("overwrite"), "+ source is version 2 of ", "source.version");
  RunOnce(Settings("overwrite", {"source.version=1"}));
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
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
  ExpectRefused(changed, "where", "--fresh to append");
  RunOnce(changed, /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  // Both are there.
  EXPECT_TRUE(RunAll(changed)->already_finished);
  EXPECT_TRUE(RunAll(Settings("append", {"where=id <= 4"}))->already_finished);
}

// Its first rows would be there twice.
TEST_F(BeginningTest, AFreshRunThatAppendsGoesOnWhereItHasBegun) {
  RunOnce(Settings("append"), /*fresh=*/true, 2);
  RunOnce(Settings("append"), /*fresh=*/true);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 100));
  RunOnce(Settings("append"), /*fresh=*/true);
  EXPECT_EQ(TargetRows().size(), 2 * ExpectedRows(0, 100).size());
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
