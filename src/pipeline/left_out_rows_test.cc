#include "pipeline/left_out_rows.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

TEST(LeftOutRows, NoneAreLeftOut) {
  const LeftOutRows rows;
  EXPECT_EQ(rows.count(), 0);
  EXPECT_EQ(rows.ReadBefore(7), 7);
  EXPECT_EQ(rows.EndOf(7), 7);
  EXPECT_EQ(rows.NextRead(7), 7);
}

TEST(LeftOutRows, AnswersAsABitForEachRowDoes) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    LeftOutRows rows;
    std::vector<bool> is_left_out;
    while (is_left_out.size() < 60) {
      const auto first = static_cast<int64_t>(is_left_out.size());
      const bool leaves_out = random() % 2 == 0;
      is_left_out.resize(is_left_out.size() + random() % 8, leaves_out);
      if (leaves_out) rows.Add(first, static_cast<int64_t>(is_left_out.size()));
    }
    int64_t read = 0;
    for (size_t ordinal = 0; ordinal < is_left_out.size(); ++ordinal) {
      const auto here = static_cast<int64_t>(ordinal);
      ASSERT_EQ(rows.ReadBefore(here), read);
      if (is_left_out[ordinal]) {
        ASSERT_GT(rows.NextRead(here), here);
        continue;
      }
      ASSERT_EQ(rows.NextRead(here), here);
      ASSERT_EQ(rows.EndOf(++read), here + 1);
    }
    ASSERT_EQ(rows.count(), std::ranges::count(is_left_out, true));
  }
}

}  // namespace
}  // namespace spillway::pipeline
