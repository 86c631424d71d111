#include "join/piece_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include <arrow/memory_pool.h>
#include <fmt/format.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

std::vector<int64_t> RandomPieces(Random& random) {
  constexpr int64_t kLongest[] = {1, 2, 10, 100, 3000};
  std::vector<int64_t> pieces;
  for (int64_t count = Below(random, 60); count > 0; --count) {
    pieces.push_back(Below(random, kLongest[Below(random, 5)] + 1));
  }
  return pieces;
}

std::unique_ptr<PieceTable> TableOf(const std::vector<int64_t>& pieces, int bucket_bits,
                                    arrow::MemoryPool* pool) {
  auto table =
      PieceTable::Make(static_cast<int64_t>(pieces.size()), bucket_bits, pool).ValueOrDie();
  for (size_t i = 0; i < pieces.size(); ++i) table->SetRows(static_cast<int64_t>(i), pieces[i]);
  EXPECT_TRUE(table->AssignBuckets().ok());
  return table;
}

TEST(PieceTableTest, EachRowHasAPlaceOfItsOwn) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const std::vector<int64_t> pieces = RandomPieces(random);
    const int bucket_bits = static_cast<int>(Below(random, 9));
    StrictPool pool;
    const auto table = TableOf(pieces, bucket_bits, &pool);
    std::set<std::pair<uint32_t, uint32_t>> taken;
    int64_t total = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      std::pair<uint32_t, uint32_t> previous = {0, 0};
      for (int64_t row = 0; row < pieces[i]; ++row) {
        const BucketRow place = table->Find(static_cast<int64_t>(i), row);
        const std::pair<uint32_t, uint32_t> here = {place.bucket, place.row};
        ASSERT_LT(place.bucket, table->num_buckets());
        ASSERT_LT(place.row, int64_t{1} << bucket_bits);
        ASSERT_TRUE(taken.insert(here).second);
        // A piece is read from its first row to its last.
        ASSERT_TRUE(row == 0 || previous < here);
        previous = here;
      }
      total += pieces[i];
    }
    const auto count = static_cast<int64_t>(pieces.size());
    EXPECT_LE(table->num_buckets(), PieceTable::MostBuckets(total, count, bucket_bits));
    EXPECT_LE(pool.max_memory(), PieceTable::EstimateBytes(count, table->num_buckets()));
  }
}

TEST(PieceTableTest, ABucketIsDroppedWithTheLastOfItsPieces) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const std::vector<int64_t> pieces = RandomPieces(random);
    const int bucket_bits = static_cast<int>(Below(random, 9));
    StrictPool pool;
    const auto table = TableOf(pieces, bucket_bits, &pool);
    std::vector<size_t> order(pieces.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::set<uint32_t> dropped;
    for (size_t done = 0; done < order.size(); ++done) {
      table->Release(static_cast<int64_t>(order[done]),
                     [&](uint32_t bucket) { EXPECT_TRUE(dropped.insert(bucket).second); });
      for (size_t i = done + 1; i < order.size(); ++i) {
        const auto piece = static_cast<int64_t>(order[i]);
        if (pieces[order[i]] == 0) continue;
        ASSERT_EQ(dropped.count(table->Find(piece, 0).bucket), 0U);
        ASSERT_EQ(dropped.count(table->Find(piece, pieces[order[i]] - 1).bucket), 0U);
      }
    }
    EXPECT_EQ(dropped.size(), table->num_buckets());
  }
}

TEST(PieceTableTest, RemembersWhichPiecesHaveMultipleMatches) {
  StrictPool pool;
  const auto table = TableOf({5, 5, 5}, 2, &pool);
  EXPECT_FALSE(table->HasMultiple(1));
  table->SetMultiple(1);
  table->SetMultiple(1);
  EXPECT_FALSE(table->HasMultiple(0));
  EXPECT_TRUE(table->HasMultiple(1));
  EXPECT_FALSE(table->HasMultiple(2));
}

}  // namespace
}  // namespace spillway::join
