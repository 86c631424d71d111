// How pieces are cut into ranges of keys, against a model that knows every row's key.
#include "pipeline/key_ranges.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/lookup_plan.h"
#include "pipeline/test_keys.h"

namespace spillway::pipeline::test {
namespace {

class KeyRangesTest : public KeyedTablesTest {
 protected:
  // The pieces that CutWork has left of `chunk_rows` each, and what is known of the tables.
  void Plan(int64_t chunk_rows) {
    plan_ =
        PlanOf({"mode=chunked", fmt::format("processing.chunk_size={}", chunk_rows)}).ValueOrDie();
    pieces_ = PiecesOf(*plan_);
  }

  const BoundLookup& lookup() const { return plan_->pipeline->lookups.front(); }
  const PinnedTable& table() const { return *plan_->lookups.front(); }

  std::optional<KeyRangePlan> Cut(int64_t most_bytes) const {
    return CutKeyRanges(lookup(), *plan_->source, table(), pieces_, most_bytes);
  }

  // Which rows of the lookup a range has.
  std::vector<bool> RowsOf(const KeyRange& range) const {
    std::vector<bool> has(lookup_.size());
    int64_t last_end = -1;
    for (const RowRange& rows : range.rows) {
      EXPECT_GT(rows.first_ordinal, last_end);  // ascending, and neighbours are one
      EXPECT_GT(rows.end_ordinal, rows.first_ordinal);
      EXPECT_LE(rows.end_ordinal, static_cast<int64_t>(has.size()));
      last_end = rows.end_ordinal;
      std::fill(has.begin() + rows.first_ordinal, has.begin() + rows.end_ordinal, true);
    }
    return has;
  }

  // Each piece, and so each row of the source, is in one range; that has all rows of the lookup
  // with a key that its rows have.
  void ExpectComplete(const KeyRangePlan& cut, int64_t most_bytes) const {
    EXPECT_LE(cut.index_bytes, most_bytes);
    int64_t rows_read = 0;
    auto piece = pieces_.begin();
    for (const KeyRange& range : cut.ranges) {
      const std::vector<bool> has = RowsOf(range);
      rows_read += std::ranges::count(has, true);
      ASSERT_TRUE(piece != pieces_.end() && piece->number < range.end_piece);
      for (; piece != pieces_.end() && piece->number < range.end_piece; ++piece) {
        for (int64_t row = piece->first_ordinal; row < piece->end_ordinal; ++row) {
          for (size_t i = 0; i < lookup_.size(); ++i) {
            if (!source_[static_cast<size_t>(row)].Matches(lookup_[i], by_part_)) continue;
            ASSERT_TRUE(has[i]) << "source row " << row << ", lookup row " << i;
          }
        }
      }
    }
    EXPECT_TRUE(piece == pieces_.end());
    EXPECT_EQ(rows_read, cut.rows_read);
    EXPECT_LE(2 * rows_read, 3 * static_cast<int64_t>(lookup_.size()));
  }

  std::unique_ptr<pipeline::Plan> plan_;
  std::vector<Piece> pieces_;
};

// Also where source and lookup have keys that are outside of all bounds of the other: both have
// row groups of their own at the domain's ends.
TEST_F(KeyRangesTest, EveryKeyIsInTheRangeOfItsRow) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  size_t most_ranges = 0;
  for (int round = 0; round < 2; ++round) {
    for (KeyDomain& domain : EveryKeyType(engine, 60)) {
      if (!domain.has_ranges) continue;
      SCOPED_TRACE(domain.name);
      Use(std::move(domain), OneIn(engine, 4));
      WriteSource(ClusteredGroups(engine, NumKeys()), Draw(engine, 10, 80));
      WriteLookup(ClusteredGroups(engine, NumKeys()), Draw(engine, 10, 80));
      Plan(Draw(engine, 3, 40));
      const int64_t whole_bytes = IndexBytes(lookup(), table());
      for (int64_t percent = 10; percent <= 110; percent += 10) {
        const auto cut = Cut(whole_bytes * percent / 100);
        if (!cut) continue;
        ASSERT_NO_FATAL_FAILURE(ExpectComplete(*cut, whole_bytes * percent / 100));
        most_ranges = std::max(most_ranges, cut->ranges.size());
      }
    }
  }
  EXPECT_GT(most_ranges, 2);
}

std::vector<RowGroup> OneKeyEach(const std::vector<int>& keys) {
  std::vector<RowGroup> groups;
  for (const int key : keys) groups.push_back(RowGroup(10, {.key = key, .part = 0}));
  return groups;
}

// Row groups of one key each, some of which follow each other with the same one.
TEST_F(KeyRangesTest, AKeyInSeveralRowGroupsIsInOneRange) {
  Engine engine(1);
  Use(NumbersOf<int64_t>("int64", arrow::int64(), engine, 20), false);
  WriteSource(OneKeyEach({0, 0, 0, 1, 2, 2, 5, 19, 19}), 10);
  WriteLookup(OneKeyEach({0, 1, 1, 1, 2, 5, 18, 19}), 30);
  Plan(10);
  ASSERT_EQ(pieces_.size(), 9);
  // The index of half of the eight row groups, with the margin that a part has.
  const int64_t most_bytes = IndexBytes(lookup(), table()) * 65 / 100;
  const auto cut = Cut(most_bytes);
  ASSERT_TRUE(cut);
  ExpectComplete(*cut, most_bytes);
  ASSERT_EQ(cut->ranges.size(), 2);
  EXPECT_EQ(cut->ranges[0].end_piece, 4);  // keys 0 and 1: rows [0, 40)
  EXPECT_EQ(cut->ranges[1].end_piece, 9);  // 2, 5 and 19; nothing has 18
  ASSERT_EQ(cut->ranges[0].rows.size(), 1);
  EXPECT_EQ(cut->ranges[0].rows[0].end_ordinal, 40);
  ASSERT_EQ(cut->ranges[1].rows.size(), 2);
  EXPECT_EQ(cut->ranges[1].rows[0].end_ordinal, 60);
  EXPECT_EQ(cut->ranges[1].rows[1].first_ordinal, 70);
}

// NULLs match nothing: their row groups are in no range, whatever else there is.
TEST_F(KeyRangesTest, RowGroupsOfNullsAreReadForNothing) {
  Engine engine(1);
  Use(NumbersOf<int32_t>("int32", arrow::int32(), engine, 20), false);
  WriteSource(OneKeyEach({kNoKey, 3, kNoKey}), 100);
  WriteLookup(OneKeyEach({kNoKey, 3, kNoKey, 4}), 100);
  Plan(10);
  const auto cut = Cut(IndexBytes(lookup(), table()));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->rows_read, 10);
  ExpectComplete(*cut, IndexBytes(lookup(), table()));
}

TEST_F(KeyRangesTest, OneRowGroupWithoutStatisticsLeavesNoRanges) {
  Engine engine(1);
  for (const bool in_source : {false, true}) {
    Use(NumbersOf<int64_t>("int64", arrow::int64(), engine, 20), false);
    WriteSource(OneKeyEach({1, 2, 3, 4}), 20);
    WriteLookup(OneKeyEach({1, 2, 3, 4}), 20);
    Plan(10);
    const int64_t whole_bytes = IndexBytes(lookup(), table());
    EXPECT_TRUE(Cut(whole_bytes));
    in_source ? AppendToSourceWithoutStatistics({{.key = 9}})
              : AppendToLookupWithoutStatistics({{.key = 9}});
    Plan(10);
    EXPECT_FALSE(Cut(whole_bytes * 2));
  }
}

}  // namespace
}  // namespace spillway::pipeline::test
