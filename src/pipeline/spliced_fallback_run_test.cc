// Runs whose new columns take more memory than was planned for: a spliced attempt that runs out of
// the budget leaves nothing behind, and its rows are decoded.
#include <string>
#include <vector>

#include "memory/overhead.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kLongGroupRows = 45'000;
constexpr int64_t kShortGroupRows = 500;
constexpr int64_t kRows = kLongGroupRows + kShortGroupRows;
constexpr int64_t kBudgetBytes = 80 * kMiB;

class SplicedFallbackRunTest : public test::EitherJoinTest {
 protected:
  // A row group whose encoded texts, long and all different, are more than the budget; and one in
  // another file whose texts are not.
  void SetUp() override {
    smallest_splice_bytes_ = 0;
    MakeLookup();
    MakeSource(kRows, {.rows_per_file = kLongGroupRows, .rows_per_group = kLongGroupRows});
    pipeline_ = fmt::format(R"yaml(
pipeline: test
source: {{table: source}}
lookups: [{{name: scores, table: lookup, key: [key], duplicates: first}}]
columns: {{text: "concat(id, '{}')"}}
target: {{table: target, compression: none}}
resources: {{memory: {}MiB, lanes: 1}}
)yaml",
                            kLongText, kBudgetBytes / kMiB);
    ASSERT_GT(kLongGroupRows * static_cast<int64_t>(kLongText.size()),
              kBudgetBytes - memory::kProcessOverheadBytes);
  }

  static std::vector<std::string> ExpectedTexts() {
    std::vector<std::string> expected;
    for (int64_t id = 0; id < kRows; ++id) {
      std::vector<std::string> scores;
      if (KeyOf(id) != "null") scores = ScoresOf(id * 7 % kKeys);
      expected.push_back(fmt::format("{}|{}|{}|{}|{}{}|", id, KeyOf(id), id % 100,
                                     scores.empty() ? "null" : scores.front(), id, kLongText));
    }
    return test::Sorted(std::move(expected));
  }

  // In the target's folder, whether they are the table's or not.
  int64_t CountDataFiles() const {
    int64_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "target")) {
      files += entry.path().extension() == ".parquet" ? 1 : 0;
    }
    return files;
  }

  inline static const std::string kLongText = std::string(900, 'x');
};

// The rows of the attempt in vain are not counted, neither as done nor as written, and its file is
// gone.
TEST_P(SplicedFallbackRunTest, WhatRunsOutOfTheBudgetIsDecoded) {
  const auto plan = PlanOf().ValueOrDie();
  ASSERT_TRUE(plan->fits());
  ASSERT_EQ(plan->splice.spliced, 2);
  ASSERT_FALSE(plan->spools);
  Progress progress;
  const auto report = pipeline::Run(*plan, &progress, StopSignal{0});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->spliced_row_groups, 1);
  EXPECT_EQ(report->source_rows, kRows);
  EXPECT_EQ(report->rows_written, kRows);
  EXPECT_EQ(progress.rows_done.load(), kRows);
  EXPECT_EQ(progress.rows_written.load(), kRows);
  EXPECT_TRUE(TargetRows() == ExpectedTexts());
  EXPECT_EQ(CountDataFiles(), report->files_written);
}

INSTANTIATE_TEST_SUITE_P(Joins, SplicedFallbackRunTest, ::testing::Bool(), test::JoinName);

}  // namespace
}  // namespace spillway::pipeline
