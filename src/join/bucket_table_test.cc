#include "join/bucket_table.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

template <typename Row>
class BucketTableTest : public testing::Test {};
using RowTypes = testing::Types<uint32_t, uint64_t>;
TYPED_TEST_SUITE(BucketTableTest, RowTypes);

// All rows whose tag and home led to `hash`, in the order of the search.
template <typename Table>
std::vector<int64_t> Candidates(const Table& table, uint64_t hash) {
  std::vector<int64_t> rows;
  BucketSearch search = table.Start(hash);
  for (int64_t row = table.Next(&search); row != Table::kNoRow; row = table.Next(&search)) {
    rows.push_back(row);
  }
  return rows;
}

TYPED_TEST(BucketTableTest, OneHashForAllKeysStillFindsEachRow) {
  constexpr int64_t kRows = 1000;
  // The highest bucket, so that its overflow goes round to the first.
  for (const uint64_t hash : {uint64_t{0}, ~uint64_t{0}, uint64_t{0x8000000000000042}}) {
    StrictPool pool;
    auto table = BucketTable<TypeParam>::Make(kRows, &pool).ValueOrDie();
    for (int64_t row = 0; row < kRows; ++row) {
      ASSERT_EQ(table.Insert(row, hash, [](int64_t) { return false; }), nullptr);
    }
    std::vector<int64_t> rows = Candidates(table, hash);
    std::sort(rows.begin(), rows.end());
    ASSERT_EQ(static_cast<int64_t>(rows.size()), kRows);
    for (int64_t row = 0; row < kRows; ++row) EXPECT_EQ(rows[static_cast<size_t>(row)], row);
    EXPECT_TRUE(Candidates(table, hash ^ 2).empty());  // another tag in the same buckets
  }
}

TYPED_TEST(BucketTableTest, FindsWhatWasInsertedAndLittleElse) {
  Random random(11);
  StrictPool pool;
  for (const int64_t rows : {0, 1, 7, 8, 9, 63, 64, 1000, 100'000}) {
    auto table = BucketTable<TypeParam>::Make(rows, &pool).ValueOrDie();
    std::vector<uint64_t> hashes(static_cast<size_t>(rows));
    for (auto& hash : hashes) hash = random();
    for (int64_t row = 0; row < rows; ++row) {
      table.Insert(row, hashes[static_cast<size_t>(row)], [](int64_t) { return false; });
    }
    for (int64_t row = 0; row < rows; ++row) {
      const auto found = Candidates(table, hashes[static_cast<size_t>(row)]);
      ASSERT_EQ(std::count(found.begin(), found.end(), row), 1);
    }
    int64_t wrong = 0;
    for (int i = 0; i < 1000; ++i) {
      wrong += static_cast<int64_t>(Candidates(table, random()).size());
    }
    EXPECT_LT(wrong, 120);  // a bucket of 8 rows and 255 tags: about 35
    EXPECT_LE(table.allocated_bytes(), BucketTable<TypeParam>::EstimateBytes(rows, false));
  }
}

TYPED_TEST(BucketTableTest, ListsKeepTheLastPrependedFirst) {
  StrictPool pool;
  auto table = BucketTable<TypeParam>::Make(10, &pool).ValueOrDie();
  const auto equal = [](int64_t) { return true; };
  ASSERT_EQ(table.Insert(9, 5, equal), nullptr);
  EXPECT_FALSE(table.has_lists());
  for (const int64_t row : {6, 3, 0}) {
    TypeParam* place = table.Insert(row, 5, equal);
    ASSERT_NE(place, nullptr);
    ASSERT_TRUE(table.Prepend(row, place).ok());
  }
  EXPECT_TRUE(table.has_lists());
  EXPECT_EQ(Candidates(table, 5), std::vector<int64_t>{0});
  EXPECT_EQ(table.After(0), 3);
  EXPECT_EQ(table.After(3), 6);
  EXPECT_EQ(table.After(6), 9);
  EXPECT_EQ(table.After(9), -1);
  EXPECT_EQ(table.After(1), -1);
  EXPECT_LE(table.allocated_bytes(), BucketTable<TypeParam>::EstimateBytes(10, true));
}

// Rows that have no room in their range are put in when all ranges are filled, and are found then.
TYPED_TEST(BucketTableTest, RowsBeyondTheirRangeGoInAfterwards) {
  constexpr int64_t kRows = 200;
  StrictPool pool;
  auto table = BucketTable<TypeParam>::Make(kRows, &pool).ValueOrDie();
  const auto first = table.RangeOf(0, 2);
  const auto second = table.RangeOf(1, 2);
  EXPECT_EQ(first.end, second.first);
  EXPECT_EQ(table.RangeOf(0, 1).end, second.end);
  // The hashes of the last bucket of the first range: more rows than it has slots.
  uint64_t hash = 0;
  while (!table.IsIn({first.end - 1, first.end}, hash)) hash += uint64_t{1} << 52;
  const auto unequal = [](int64_t) { return false; };
  std::vector<int64_t> beyond;
  for (int64_t row = 0; row < 20; ++row) {
    if (!table.InsertWithin(first, row, hash, unequal)) beyond.push_back(row);
  }
  EXPECT_EQ(static_cast<int64_t>(beyond.size()), 20 - Bucket<TypeParam>::kSlots);
  for (const int64_t row : beyond) EXPECT_EQ(table.Insert(row, hash, unequal), nullptr);
  std::vector<int64_t> found = Candidates(table, hash);
  std::ranges::sort(found);
  std::vector<int64_t> all(20);
  std::iota(all.begin(), all.end(), int64_t{0});
  EXPECT_EQ(found, all);
}

TEST(WideBucketTableTest, HoldsRowsAbove32Bits) {
  StrictPool pool;
  auto table = BucketTable<uint64_t>::Make(4, &pool).ValueOrDie();
  constexpr int64_t kRow = (int64_t{1} << 40) + 3;
  table.Insert(kRow, 77, [](int64_t) { return false; });
  EXPECT_EQ(Candidates(table, 77), std::vector<int64_t>{kRow});
  EXPECT_EQ(BucketTable<uint32_t>::kMostRows, (int64_t{1} << 32) - 2);
}

}  // namespace
}  // namespace spillway::join
