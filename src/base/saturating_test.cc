#include "base/saturating.h"

#include <limits>

#include <gtest/gtest.h>

namespace spillway {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();

TEST(SaturatingTest, UsualSizesAddAndMultiplyAsNumbersDo) {
  EXPECT_EQ(AddBytes(0, 0), 0);
  EXPECT_EQ(AddBytes(3, 4), 7);
  EXPECT_EQ(MultiplyBytes(3, 4), 12);
  EXPECT_EQ(MultiplyBytes(0, kLargest), 0);
  EXPECT_EQ(MultiplyBytes(int64_t{1} << 31, 16), int64_t{1} << 35);
}

TEST(SaturatingTest, WhatWouldOverflowIsEndless) {
  EXPECT_EQ(AddBytes(kLargest, kLargest), kEndlessBytes);
  EXPECT_EQ(AddBytes(kEndlessBytes, 1), kEndlessBytes);
  EXPECT_EQ(MultiplyBytes(kLargest, 2), kEndlessBytes);
  EXPECT_EQ(MultiplyBytes((int64_t{1} << 31) - 1, (int64_t{1} << 31) - 1), kEndlessBytes);
}

TEST(SaturatingTest, NegativeSizesAreNone) {
  EXPECT_EQ(AddBytes(kSmallest, 5), 5);
  EXPECT_EQ(AddBytes(kSmallest, kSmallest), 0);
  EXPECT_EQ(MultiplyBytes(-1, 5), 0);
  EXPECT_EQ(MultiplyBytes(kSmallest, kSmallest), 0);
}

TEST(SaturatingTest, AThousandEndlessSizesCanBeAdded) { EXPECT_LE(kEndlessBytes, kLargest / 1000); }

}  // namespace
}  // namespace spillway
