// What a sort takes of its pool, against its plan.
#include "sort/sort_plan.h"

#include <fmt/format.h>

#include "base/units.h"
#include "sort/sort_test_data.h"
#include "spill/test_folder.h"

namespace spillway::sort {
namespace {

using join::StrictPool;

constexpr BatchLimits kBatches = {.rows = 4096, .bytes = 512 * kKiB};
constexpr int kLanes = 2;

int64_t Sum(const std::vector<SortLine>& lines) {
  int64_t bytes = 0;
  for (const SortLine& line : lines) bytes += line.bytes;
  return bytes;
}

SortPlan PlanFor(int64_t rows, int64_t text_bytes, int64_t budget_bytes) {
  return PlanSort({.rows = rows,
                   .row_bytes = text_bytes + 20,
                   .key_bytes = 8,
                   .batches = kBatches,
                   .lanes = kLanes,
                   .compress = true},
                  {.sorting_bytes = budget_bytes, .merging_bytes = budget_bytes});
}

// Rows [first, first + 500) of random keys and texts that hardly compress.
Status AppendRows(SortWriter* writer, const std::shared_ptr<arrow::Schema>& schema, int64_t first,
                  int64_t text_bytes, Random& random) {
  arrow::Int64Builder keys;
  arrow::StringBuilder texts;
  arrow::Int64Builder numbers;
  std::string text(static_cast<size_t>(text_bytes), ' ');
  for (int64_t number = first; number < first + 500; ++number) {
    for (char& letter : text) letter = static_cast<char>('a' + Below(random, 26));
    ARROW_RETURN_NOT_OK(keys.Append(Below(random, 1'000'000)));
    ARROW_RETURN_NOT_OK(texts.Append(text));
    ARROW_RETURN_NOT_OK(numbers.Append(number));
  }
  const arrow::ArrayVector columns = {keys.Finish().ValueOrDie(), texts.Finish().ValueOrDie()};
  const auto batch = arrow::RecordBatch::Make(schema, 500, columns);
  const auto numbered = numbers.Finish().ValueOrDie();
  return writer->Append(*batch, static_cast<const arrow::Int64Array&>(*numbered));
}

// How many rows come, in the order of their keys.
int64_t CountSorted(MergedRows* merged) {
  int64_t rows = 0;
  int64_t latest = -1;
  while (const auto batch = merged->Next().ValueOrDie()) {
    const auto& keys = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      EXPECT_LE(latest, keys.Value(row));
      latest = keys.Value(row);
    }
    rows += batch->num_rows();
  }
  return rows;
}

struct Case {
  int64_t rows;
  int64_t text_bytes;
  int64_t budget_bytes;  // 0: the smallest sort
};

class SortPlanTest : public ::testing::TestWithParam<Case> {};

TEST_P(SortPlanTest, TheSortTakesNoMore) {
  const Case& given = GetParam();
  const SortPlan plan = PlanFor(given.rows, given.text_bytes, given.budget_bytes);
  if (given.budget_bytes > 0) {
    EXPECT_LE(Sum(plan.sorting), given.budget_bytes);
    EXPECT_LE(Sum(plan.merging), given.budget_bytes);
  }
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("text", arrow::utf8())});
  StrictPool pool;
  StrictPool batch_pool;
  const auto sort = ExternalSort::Make({.schema = schema,
                                        .key_columns = {0},
                                        .sizes = plan.sizes,
                                        .compress = true,
                                        .directory = directory.get(),
                                        .pool = &pool})
                        .ValueOrDie();
  Random random(3);
  std::vector<std::unique_ptr<SortWriter>> writers;
  for (int lane = 0; lane < kLanes; ++lane) {
    writers.push_back(sort->MakeWriter().ValueOrDie());
  }
  for (int64_t first = 0; first < given.rows; first += 500) {
    SortWriter* writer = writers[static_cast<size_t>(first / 500 % kLanes)].get();
    ASSERT_TRUE(AppendRows(writer, schema, first, given.text_bytes, random).ok());
  }
  for (const auto& writer : writers) ASSERT_TRUE(writer->Finish().ok());
  writers.clear();
  EXPECT_LE(pool.max_memory(), Sum(plan.sorting));

  const auto merged = MergeAll(sort.get(), kBatches, &batch_pool).ValueOrDie();
  EXPECT_EQ(CountSorted(merged.get()), given.rows);
  EXPECT_LE(pool.max_memory(), std::max(Sum(plan.sorting), Sum(plan.merging)));
  const int64_t spilled = directory->usage().bytes_written;
  EXPECT_EQ(spilled == 0, plan.spilled_bytes == 0);
  EXPECT_LE(spilled, plan.spilled_bytes * 5 / 4);
}

INSTANTIATE_TEST_SUITE_P(Budgets, SortPlanTest,
                         testing::Values(Case{200'000, 100, 0}, Case{200'000, 100, 20 * kMiB},
                                         Case{200'000, 100, 32 * kMiB},
                                         Case{200'000, 100, 200 * kMiB}, Case{2000, 20'000, 0},
                                         Case{2000, 20'000, 20 * kMiB},
                                         Case{2000, 20'000, 64 * kMiB}, Case{500, 10, 0},
                                         Case{500, 10, kGiB}, Case{0, 10, 20 * kMiB}));

TEST(SortSizesTest, MoreMemoryMeansLongerRunsUpToAllRows) {
  const SortPlan small = PlanFor(1'000'000, 100, 24 * kMiB);
  const SortPlan large = PlanFor(1'000'000, 100, 96 * kMiB);
  const SortPlan huge = PlanFor(1'000'000, 100, kGiB);
  EXPECT_LT(small.sizes.lane_bytes, large.sizes.lane_bytes);
  EXPECT_GT(large.spilled_bytes, 0);
  EXPECT_EQ(huge.spilled_bytes, 0);
  EXPECT_GT(huge.sizes.resident_bytes, 0);
}

// A hundred gigabytes: knowing where the blocks are stays a small part.
TEST(SortSizesTest, FitsWithManyRows) {
  const SortPlan plan = PlanFor(1'000'000'000, 100, 200 * kMiB);
  EXPECT_LE(Sum(plan.sorting), 200 * kMiB);
  EXPECT_LE(Sum(plan.merging), 200 * kMiB);
  EXPECT_GT(plan.sizes.block_bytes, 64 * kKiB);
}

}  // namespace
}  // namespace spillway::sort
