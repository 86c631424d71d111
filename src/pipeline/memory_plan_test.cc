#include "pipeline/memory_plan.h"

#include "memory/overhead.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class MemoryPlanTest : public test::PipelineTest {
 protected:
  MemoryPlanTest() {
    MakeSource(1000, {.rows_per_file = 400});
    MakeLookup();
  }

  std::unique_ptr<Plan> WithBudget(int64_t bytes, std::vector<std::string> settings = {}) {
    settings.push_back(fmt::format("resources.memory={}", bytes));
    return PlanOf(settings).ValueOrDie();
  }
};

int64_t Sum(const MemoryPlan& plan) {
  int64_t bytes = 0;
  for (const MemoryLine& line : plan.lines) {
    EXPECT_GT(line.bytes, 0) << line.what;
    EXPECT_FALSE(line.what.empty());
    bytes += line.bytes;
  }
  return bytes;
}

TEST_F(MemoryPlanTest, LinesAddUpToTheBound) {
  for (const int64_t budget : {64 * kMiB, 256 * kMiB, 4 * kGiB}) {
    const auto plan = WithBudget(budget);
    EXPECT_EQ(Sum(plan->memory), plan->memory.bound_bytes);
    EXPECT_EQ(plan->memory.lines.front().bytes, memory::kProcessOverheadBytes);
  }
}

TEST_F(MemoryPlanTest, MoreMemoryMeansLargerPiecesThatFit) {
  int64_t bound_before = 0;
  for (int64_t budget = 64 * kMiB; budget <= 8 * kGiB; budget *= 2) {
    const auto plan = WithBudget(budget);
    EXPECT_GE(plan->memory.bound_bytes, bound_before) << budget;
    bound_before = plan->memory.bound_bytes;
    EXPECT_TRUE(plan->fits()) << budget;
    EXPECT_TRUE(CheckBound(*plan).ok());
  }
}

TEST_F(MemoryPlanTest, TheSmallestBudgetDoesAndOneByteLessDoesNot) {
  const int64_t smallest = WithBudget(kMiB)->smallest_budget_bytes;
  EXPECT_GT(smallest, memory::kProcessOverheadBytes);
  EXPECT_EQ(WithBudget(smallest)->smallest_budget_bytes, smallest);
  // Tables that were measured for larger pieces give an upper bound of it.
  EXPECT_GE(WithBudget(kGiB)->smallest_budget_bytes, smallest);
  EXPECT_TRUE(CheckBound(*WithBudget(smallest)).ok());
  const auto too_small = WithBudget(smallest - 1);
  const Status refused = CheckBound(*too_small);
  ASSERT_EQ(test::CodeOf(refused), ErrorCode::kBudgetTooSmall);
  const int64_t mebibytes = (smallest + kMiB - 1) / kMiB;
  EXPECT_EQ(FindError(refused)->cure, fmt::format("use --memory {}MiB or more", mebibytes));
  EXPECT_TRUE(CheckBound(*WithBudget(mebibytes * kMiB)).ok());
}

TEST_F(MemoryPlanTest, EveryLookupHasItsIndex) {
  const auto plan = WithBudget(kGiB);
  const int64_t index_bytes = IndexBytes(plan->pipeline->lookups[0], *plan->lookups[0]);
  EXPECT_GT(index_bytes, 0);
  const auto line = std::ranges::find(plan->memory.lines, "index of scores", &MemoryLine::what);
  ASSERT_NE(line, plan->memory.lines.end());
  EXPECT_EQ(line->bytes, index_bytes);
}

TEST_F(MemoryPlanTest, ColumnsThatNobodyReadsWeighNothing) {
  const auto all = WithBudget(kGiB);
  const auto fewer = WithBudget(kGiB, {"drop=[score, size]", "columns=null"});
  EXPECT_LT(IndexBytes(fewer->pipeline->lookups[0], *fewer->lookups[0]),
            IndexBytes(all->pipeline->lookups[0], *all->lookups[0]));
  EXPECT_LT(fewer->memory.bound_bytes, all->memory.bound_bytes);
}

}  // namespace
}  // namespace spillway::pipeline
