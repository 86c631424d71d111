// Runs over a source of which row groups are left out: killed after any chunk, and gone on with in
// chunks of another size, they give the rows of the model.
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline::test {
namespace {

class LeftOutRunTest : public PipelineTest {
 protected:
  static constexpr int64_t kRows = 400;

  // Keeps the rows of a few ranges, and their rows in the target.
  std::vector<std::string> KeepRanges(std::mt19937_64& random) {
    std::string where = "id < 0";
    std::vector<std::string> rows;
    int64_t first = 0;
    for (int range = 0; range < 3; ++range) {
      first += static_cast<int64_t>(random() % 120);
      const int64_t end = std::min(kRows, first + static_cast<int64_t>(random() % 60));
      if (first >= end) break;
      where += fmt::format(" OR id BETWEEN {} AND {}", first, end - 1);
      for (std::string& row : ExpectedRows(first, end)) rows.push_back(std::move(row));
      first = end;
    }
    pipeline_ = std::string(kPipeline) + "where: " + where + "\n";
    return Sorted(std::move(rows));
  }
};

TEST_F(LeftOutRunTest, ARunThatIsKilledGoesOnInChunksOfAnySize) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  MakeSource(kRows, {.rows_per_file = 70, .rows_per_group = 10});
  MakeLookup();
  int64_t left_out = 0;
  for (int round = 0; round < 12; ++round) {
    const std::vector<std::string> expected = KeepRanges(random);
    SCOPED_TRACE(pipeline_);
    joins_out_of_core_ = random() % 2 == 0;
    const auto settings = [&](bool in_key_order) {
      return std::vector<std::string>{
          "mode=chunked", fmt::format("processing.chunk_size={}", 1 + random() % 50),
          fmt::format("target.table=target{}", round),
          fmt::format("resources.lanes={}", 1 + random() % 3),
          fmt::format("processing.chunk_order={}", in_key_order ? "key" : "source")};
    };
    const bool in_key_order = random() % 4 == 0;
    for (int attempt = 0; attempt < 2; ++attempt) {
      AssertOk(RunAll(settings(in_key_order), /*fresh=*/false, 1 + random() % 3).status());
    }
    const auto plan = PlanOf(settings(in_key_order)).ValueOrDie();
    left_out += plan->source->left_out().rows;
    if (!plan->finished() && !in_key_order) {
      for (const Chunk& chunk : plan->chunks) {
        EXPECT_TRUE(chunk.num_rows() > 0 || plan->chunks.size() == 1);
      }
    }
    AssertOk(RunAll(settings(in_key_order)).status());
    EXPECT_TRUE(PlanOf(settings(in_key_order)).ValueOrDie()->finished());
    EXPECT_EQ(StoredRows(folder_ / fmt::format("target{}", round)), expected);
  }
  EXPECT_GT(left_out, 0);
}

TEST_F(LeftOutRunTest, StatisticsAreNotTrustedWhereThatIsAskedFor) {
  MakeSource(kRows, {.rows_per_file = 100, .rows_per_group = 10});
  MakeLookup();
  pipeline_ += "where: id < 125\n";
  const auto trusting = PlanOf().ValueOrDie();
  EXPECT_EQ(trusting->source->left_out().files, 2);
  EXPECT_EQ(trusting->source->left_out().row_groups, 7);
  EXPECT_EQ(trusting->source->left_out().rows, 270);
  EXPECT_EQ(trusting->source->physical_rows(), kRows);
  const auto distrusting =
      MakePlan(ParseSpec(folder_, pipeline_).ValueOrDie(), {.trusts_statistics = false})
          .ValueOrDie();
  EXPECT_EQ(distrusting->source->left_out().rows, 0);
  EXPECT_EQ(distrusting->source->physical_rows(), kRows);
}

// No row group has such an id, although the file's bounds have room for one.
TEST_F(LeftOutRunTest, AFileWhoseRowGroupsAreAllLeftOutIsLeftOut) {
  MakeSource(40, {.rows_per_file = 40, .rows_per_group = 10});
  MakeLookup();
  pipeline_ += "where: id > 9.2 AND id < 9.8\n";
  const auto plan = PlanOf().ValueOrDie();
  EXPECT_EQ(plan->source->left_out().files, 1);
  EXPECT_EQ(plan->source->left_out().row_groups, 0);
  const PinnedFile& file = plan->source->files().front();
  EXPECT_TRUE(file.left_out);
  EXPECT_EQ(file.row_groups.capacity(), 0U);  // facts_bytes() counts none
  AssertOk(RunAll().status());
  EXPECT_TRUE(TargetRows().empty());
}

}  // namespace
}  // namespace spillway::pipeline::test
