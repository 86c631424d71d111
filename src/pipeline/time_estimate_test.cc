// What an estimate is made of, not whether it comes true: benchmarks measure that.
#include "pipeline/time_estimate.h"

#include <cmath>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class TimeEstimateTest : public test::EitherJoinTest {};

INSTANTIATE_TEST_SUITE_P(Joins, TimeEstimateTest, testing::Bool(), test::JoinName);

TEST_P(TimeEstimateTest, AddsUpItsParts) {
  MakeSource(5000);
  MakeLookup();
  for (const int64_t smallest : {int64_t{1}, kSmallestSpliceBytes}) {
    smallest_splice_bytes_ = smallest;
    const auto plan = PlanOf().ValueOrDie();
    const bool splices = plan->splice.spliced > 0;
    EXPECT_EQ(splices, smallest == 1);
    const TimeEstimate estimate = EstimateTime(*plan).ValueOrDie();
    EXPECT_GT(estimate.lookup_seconds, 0);
    EXPECT_GT(estimate.row_seconds, 0);
    // Blocks that are shared take no time; nor does what is not copied.
    EXPECT_TRUE(splices || estimate.transfer_seconds == 0);
    EXPECT_EQ(estimate.transfer_seconds > 0, estimate.bytes_per_second > 0);
    EXPECT_EQ(estimate.total_seconds(),
              estimate.lookup_seconds + std::max(estimate.row_seconds, estimate.transfer_seconds));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target"));
}

TEST_P(TimeEstimateTest, NothingToDoTakesNoTime) {
  MakeSource(100);
  MakeLookup();
  ASSERT_TRUE(RunAll().ok());
  EXPECT_EQ(EstimateTime(*PlanOf().ValueOrDie())->total_seconds(), 0);
}

TEST_P(TimeEstimateTest, TablesMayBeEmpty) {
  MakeSource(0);
  MakeLookup();
  EXPECT_EQ(EstimateTime(*PlanOf().ValueOrDie())->total_seconds(), 0);
}

// What is wrong with a row that is tried is told, with its code.
TEST_P(TimeEstimateTest, FailsAsTheRowsDo) {
  MakeSource(100);
  MakeLookup();
  pipeline_ += "where: size / (size - size) > 1\n";
  const auto estimate = EstimateTime(*PlanOf().ValueOrDie());
  ASSERT_FALSE(estimate.ok());
  EXPECT_EQ(FindError(estimate.status())->code, ErrorCode::kEvaluation);
}

}  // namespace
}  // namespace spillway::pipeline
