// Runs whose row groups splice, however small they are, give the rows of the model.
#include <random>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class SplicedRunTest : public test::EitherJoinTest {
 protected:
  SplicedRunTest() {
    smallest_splice_bytes_ = 0;
    MakeLookup();
  }

  // One lookup row for a key: rows stay one to one.
  void UseFirstOfDuplicates() {
    pipeline_.replace(pipeline_.find("key: [key]"), 10, "key: [key], duplicates: first");
  }

  // The model's rows under `duplicates: first`.
  static std::vector<std::string> ExpectedFirsts(int64_t rows) {
    std::vector<std::string> expected;
    for (int64_t id = 0; id < rows; ++id) {
      std::vector<std::string> scores;
      if (KeyOf(id) != "null") scores = ScoresOf(id * 7 % kKeys);
      const std::string score = scores.empty() ? "null" : scores.front();
      expected.push_back(fmt::format("{}|{}|{}|{}|{}|", id, KeyOf(id), id % 100, score,
                                     score == "null" ? "none" : "some"));
    }
    return test::Sorted(std::move(expected));
  }
};

TEST_P(SplicedRunTest, CopiesTheSourcesColumns) {
  UseFirstOfDuplicates();
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  const auto plan = PlanOf().ValueOrDie();
  EXPECT_EQ(plan->splice.spliced, plan->splice.row_groups);
  const RunReport report = RunAll().ValueOrDie();
  EXPECT_EQ(report.spliced_row_groups, plan->splice.row_groups);
  EXPECT_GT(report.copied_bytes, 0);
  EXPECT_EQ(TargetRows(), ExpectedFirsts(200));
}

TEST_P(SplicedRunTest, NewColumnsMayWaitInFiles) {
  UseFirstOfDuplicates();
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  spools_ = true;
  EXPECT_TRUE(PlanOf().ValueOrDie()->spools);
  const RunReport report = RunAll().ValueOrDie();
  EXPECT_GT(report.spliced_row_groups, 0);
  EXPECT_EQ(TargetRows(), ExpectedFirsts(200));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target/_spillway"));
}

TEST_P(SplicedRunTest, AKeyWithSeveralRowsIsDecoded) {
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  Progress progress;
  const auto plan = PlanOf().ValueOrDie();
  EXPECT_GT(plan->splice.spliced, 0);
  const auto report = pipeline::Run(*plan, &progress, StopSignal{0}).ValueOrDie();
  EXPECT_EQ(report.spliced_row_groups, 0);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 200));
  EXPECT_EQ(progress.rows_done.load(), 200);
  EXPECT_EQ(progress.rows_written.load(), report.rows_written);
}

// Chunks cut row groups at random; what is whole splices, the rest is decoded.
TEST_P(SplicedRunTest, RandomLayoutsAndChunks) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 engine(seed);
  const auto draw = [&engine](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(engine);
  };
  UseFirstOfDuplicates();
  for (int round = 0; round < 8; ++round) {
    const int64_t rows = draw(1, 300);
    MakeSource(rows, {.rows_per_file = draw(10, 100), .rows_per_group = draw(5, 40)});
    const auto plan = PlanOf({"mode=chunked", fmt::format("processing.chunk_size={}", draw(3, 200)),
                              fmt::format("resources.lanes={}", draw(1, 4)),
                              fmt::format("target.max_records_per_file={}", draw(20, 100)),
                              "target.mode=overwrite"})
                          .ValueOrDie();
    Progress progress;
    const RunReport report = pipeline::Run(*plan, &progress, StopSignal{0}).ValueOrDie();
    EXPECT_EQ(report.spliced_row_groups, plan->splice.spliced);
    EXPECT_EQ(TargetRows(), ExpectedFirsts(rows));
    std::filesystem::remove_all(folder_ / "target");
    std::filesystem::remove_all(folder_ / "source");
  }
}

TEST_P(SplicedRunTest, ThePlanSaysWhyRowGroupsDoNotSplice) {
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  const auto reason = [this](const std::vector<std::string>& settings) {
    const auto plan = PlanOf(settings).ValueOrDie();
    EXPECT_EQ(plan->splice.spliced, 0);
    EXPECT_EQ(plan->splice.reasons.size(), 1U);
    return plan->splice.reasons.begin()->first;
  };
  EXPECT_EQ(reason({"where=id > 3"}), "where drops rows");
  EXPECT_EQ(reason({"target.max_records_per_file=1"}),
            "max_records_per_file is less than the row group");
  EXPECT_EQ(reason({"drop=[id, key, size]"}), "no source column stays unchanged");
  smallest_splice_bytes_ = kSmallestSpliceBytes;
  EXPECT_EQ(reason({}), "row groups too small to be worth copying");
}

// A derived column that takes a source column's place is not copied, and one that reads the new
// value does not read the old one.
TEST_P(SplicedRunTest, AReplacedColumnIsEncoded) {
  UseFirstOfDuplicates();
  pipeline_.replace(pipeline_.find("columns: {has"), 13, "columns: {size: size + 1, has");
  MakeSource(100);
  const RunReport report = RunAll().ValueOrDie();
  EXPECT_GT(report.spliced_row_groups, 0);
  int64_t raised = 0;
  for (const std::string& row : TargetRows()) {
    const size_t id_end = row.find('|');
    const int64_t id = std::stoll(row.substr(0, id_end));
    raised += row.find(fmt::format("|{}|", id % 100 + 1), id_end) != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(raised, 100);
}

INSTANTIATE_TEST_SUITE_P(Joins, SplicedRunTest, ::testing::Bool(), test::JoinName);

}  // namespace
}  // namespace spillway::pipeline
