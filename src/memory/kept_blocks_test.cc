#include "memory/kept_blocks.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace spillway::memory {
namespace {

// Addresses are never looked at, so these need no memory behind them.
KeptBlocks::Block BlockOf(int64_t size) { return {nullptr, size}; }

TEST(KeptBlocksTest, TakesTheNearestSize) {
  KeptBlocks kept;
  for (const int64_t size : {kMiB, 3 * kMiB, 2 * kMiB}) {
    EXPECT_FALSE(kept.Keep(BlockOf(size)).has_value());
  }
  EXPECT_EQ(kept.Take(2 * kMiB + 1)->size, 2 * kMiB);
  EXPECT_EQ(kept.Take(2 * kMiB + 1)->size, 3 * kMiB);
  EXPECT_FALSE(kept.Take(2 * kMiB + 2).has_value());  // more than twice what is left
  EXPECT_EQ(kept.Take(2 * kMiB + 1)->size, kMiB);
  EXPECT_FALSE(kept.Take(kMiB).has_value());
}

TEST(KeptBlocksTest, ABlockFarLargerStays) {
  KeptBlocks kept;
  kept.Keep(BlockOf(9 * kMiB));
  EXPECT_FALSE(kept.Take(4 * kMiB).has_value());
  EXPECT_TRUE(kept.Take(5 * kMiB).has_value());
}

TEST(KeptBlocksTest, TakesTheSmallestThatIsLargeEnough) {
  KeptBlocks kept;
  for (const int64_t size : {5 * kMiB, 3 * kMiB, kMiB}) kept.Keep(BlockOf(size));
  EXPECT_EQ(kept.TakeAtLeast(2 * kMiB)->size, 3 * kMiB);
  EXPECT_FALSE(kept.TakeAtLeast(2 * kMiB).has_value());  // 5 MiB are more than twice as much
  EXPECT_EQ(kept.TakeAtLeast(kMiB)->size, kMiB);
  EXPECT_EQ(kept.TakeAtLeast(3 * kMiB)->size, 5 * kMiB);
  EXPECT_FALSE(kept.TakeAtLeast(kMiB).has_value());
}

TEST(KeptBlocksTest, HandsOutTheOldestWhenItIsFull) {
  KeptBlocks kept;
  for (int64_t i = 0; i < 64; ++i) ASSERT_FALSE(kept.Keep(BlockOf(kMiB + i)).has_value());
  EXPECT_EQ(kept.Keep(BlockOf(kGiB))->size, kMiB);
  EXPECT_EQ(kept.Keep(BlockOf(kGiB))->size, kMiB + 1);
  EXPECT_EQ(kept.TakeAll().size(), 64U);
  EXPECT_TRUE(kept.TakeAll().empty());
}

}  // namespace
}  // namespace spillway::memory
