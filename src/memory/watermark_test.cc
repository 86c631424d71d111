#include "memory/watermark.h"

#include <gtest/gtest.h>

#include "base/units.h"

namespace spillway::memory {
namespace {

std::optional<Shortage> Find(int64_t used, int64_t own, int64_t bound, int percent = 80) {
  return FindShortage({{.bytes = 1000 * kMiB, .source = "the RAM", .used_bytes = used * kMiB}},
                      own * kMiB, bound * kMiB, percent);
}

TEST(Watermark, NothingIsShortBelowIt) {
  EXPECT_FALSE(Find(800, 100, 900));
  EXPECT_TRUE(Find(801, 100, 900));
  EXPECT_FALSE(Find(801, 100, 900, 90));
}

TEST(Watermark, NothingIsShortWhereTheBoundHasRoom) {
  EXPECT_FALSE(Find(900, 200, 300));
  EXPECT_TRUE(Find(900, 200, 301));
}

// A process that is alone may use all of its limit.
TEST(Watermark, ItsOwnMemoryIsNoShortage) {
  EXPECT_FALSE(Find(1000, 1000, 1000));
  EXPECT_FALSE(Find(1000, 950, 1000));
  EXPECT_TRUE(Find(1000, 949, 1000));
}

TEST(Watermark, IsAcuteHalfwayToTheLimit) {
  EXPECT_FALSE(Find(900, 100, 900)->is_acute);
  EXPECT_TRUE(Find(901, 100, 900)->is_acute);
}

TEST(Watermark, TellsWhatIsLeft) {
  const auto shortage = Find(900, 300, 500);
  ASSERT_TRUE(shortage);
  EXPECT_EQ(shortage->left_bytes, 200 * kMiB);
  EXPECT_EQ(shortage->why, "other processes use 600.0 MiB of the RAM");
}

TEST(Watermark, TellsWhatIsLeftWithoutAShortageToo) {
  EXPECT_EQ(
      BytesLeft({{1000 * kMiB, "the RAM", 300 * kMiB}, {500 * kMiB, "the cgroup", 210 * kMiB}},
                200 * kMiB, 80),
      390 * kMiB);
}

TEST(Watermark, TheScarcestLimitCounts) {
  const auto shortage = FindShortage({{1000 * kMiB, "the RAM", 990 * kMiB},
                                      {500 * kMiB, "the cgroup", 490 * kMiB},
                                      {INT64_MAX, "a cgroup without a limit", 990 * kMiB}},
                                     200 * kMiB, 400 * kMiB, 80);
  ASSERT_TRUE(shortage);
  EXPECT_EQ(shortage->left_bytes, 10 * kMiB);  // of the RAM; of the cgroup 110 MiB
}

}  // namespace
}  // namespace spillway::memory
