#include "pipeline/row_difference.h"

#include <map>
#include <random>
#include <set>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

// Rows of an identity and three values, compared as both sides' batches are.
using Row = std::vector<uint64_t>;

Comparison ComparisonOf() {
  Comparison comparison;
  comparison.schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("a", arrow::int64()),
                     arrow::field("b", arrow::int64()), arrow::field("c", arrow::int64())});
  comparison.is_derived.resize(4);
  comparison.dependence.resize(4, expression::TimeDependence::kNever);
  comparison.identity = {0};
  return comparison;
}

std::vector<ExaminedRow> Examined(const std::vector<Row>& rows) {
  std::vector<ExaminedRow> examined;
  for (const Row& row : rows) {
    ExaminedRow made{.identity = row[0], .values = row};
    for (const uint64_t value : row) {
      made.hash = made.hash * 1'000'003 + value;
      made.texts.push_back(fmt::format("{}", value));
    }
    examined.push_back(std::move(made));
  }
  return examined;
}

RowDifferences Describe(const std::vector<Row>& expected, const std::vector<Row>& stored,
                        size_t examined = 1, size_t different = 1) {
  const Comparison comparison = ComparisonOf();
  const std::vector<bool> is_compared(4, true);
  return DescribeDifferences(comparison, is_compared,
                             {.buckets = std::vector<size_t>(examined), .different = different},
                             Examined(expected), Examined(stored));
}

TEST(RowDifferences, PairsRowsOfOneIdentityWithTheOnesMostLikeThem) {
  const auto found = Describe({{1, 1, 1, 1}, {1, 2, 2, 2}, {2, 5, 5, 5}},
                              {{1, 2, 2, 3}, {1, 1, 1, 9}, {2, 5, 5, 5}});
  EXPECT_EQ(found.changed, 2);
  EXPECT_EQ(found.changed_by_column, (std::vector<int64_t>{0, 0, 0, 2}));
  EXPECT_EQ(found.examples[0].values[0].stored, "9");
  EXPECT_EQ(found.examples[1].values[0].stored, "3");
}

TEST(RowDifferences, PairsRowsWhoseIdentityChanged) {
  const auto found = Describe({{1, 1, 1, 1}, {2, 2, 2, 2}}, {{7, 1, 1, 1}, {3, 4, 5, 2}});
  EXPECT_EQ(found.changed, 1);
  EXPECT_EQ(found.changed_by_column, (std::vector<int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(found.missing, 1);
  EXPECT_EQ(found.extra, 1);
  EXPECT_EQ(found.examples[0].row[0].second, "1");
  EXPECT_EQ(found.examples[1].fate, RowFate::kMissing);
  EXPECT_EQ(found.examples[1].row[0].second, "2");
  EXPECT_EQ(found.examples[2].fate, RowFate::kExtra);
  EXPECT_EQ(found.examples[2].row[0].second, "3");
}

TEST(RowDifferences, ShowsEachColumnThatChangedBeforeAnotherRowOfOne) {
  std::vector<Row> expected;
  std::vector<Row> stored;
  for (uint64_t id = 0; id < 100; ++id) {
    expected.push_back({id, 1, 1, 1});
    stored.push_back({id, 2, 1, id == 99 ? 2U : 1U});
  }
  const auto found = Describe(expected, stored);
  EXPECT_EQ(found.changed_by_column, (std::vector<int64_t>{0, 100, 0, 1}));
  ASSERT_EQ(found.examples.size(), 5U);
  EXPECT_EQ(found.examples[1].row[0].second, "99");
}

TEST(RowDifferences, ScalesWhatAPartOfTheBucketsShows) {
  const auto found = Describe({{1, 1, 1, 1}, {2, 2, 2, 2}}, {{1, 1, 1, 3}}, 2, 20);
  EXPECT_FALSE(found.exact);
  EXPECT_EQ(found.changed, 10);
  EXPECT_EQ(found.missing, 10);
  EXPECT_EQ(found.changed_by_column, (std::vector<int64_t>{0, 0, 0, 10}));
}

// Rows come several times, and some are lost, doubled or changed; the numbers are those of a count
// by row.
TEST(RowDifferences, CountRowsAsMultisets) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    const auto draw = [&random] {
      std::vector<Row> rows(random() % 60);
      for (Row& row : rows) row = {random() % 5, random() % 2, random() % 2, random() % 2};
      return rows;
    };
    const std::vector<Row> expected = draw();
    const std::vector<Row> stored = draw();
    std::map<Row, int64_t> surplus;
    for (const Row& row : expected) ++surplus[row];
    for (const Row& row : stored) --surplus[row];
    int64_t missing = 0;
    int64_t extra = 0;
    for (const auto& [row, count] : surplus) (count > 0 ? missing : extra) += std::abs(count);
    const auto found = Describe(expected, stored);
    EXPECT_EQ(found.changed + found.missing, missing);
    EXPECT_EQ(found.changed + found.extra, extra);
  }
}

}  // namespace
}  // namespace spillway::pipeline
