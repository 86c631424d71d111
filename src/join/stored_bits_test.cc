#include "join/stored_bits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

TEST(StoredBitsTest, AnyRunsReadBack) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    StrictPool pool;
    StoredBits stored(&pool);
    std::vector<bool> expected;
    std::vector<uint8_t> bits(4096);
    for (auto& byte : bits) byte = static_cast<uint8_t>(random());
    while (expected.size() < 150'000) {
      const int64_t first = Below(random, 1000);
      const int64_t count = Below(random, Below(random, 2) == 0 ? 20 : 30'000);
      const bool ones = Below(random, 3) == 0;
      ASSERT_TRUE(stored.Append(ones ? nullptr : bits.data(), first, count).ok());
      for (int64_t i = first; i < first + count; ++i) {
        const auto byte = bits[static_cast<size_t>(i / 8)];
        expected.push_back(ones || ((byte >> (i % 8)) & 1) != 0);
      }
    }
    ASSERT_TRUE(stored.Finish().ok());
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(stored[static_cast<int64_t>(i)], expected[i]) << i;
    }
    EXPECT_LE(pool.max_memory(), StoredBits::EstimateBytes(static_cast<int64_t>(expected.size())));
  }
}

TEST(StoredValidityTest, TakesNothingUntilTheFirstNullWheneverItComes) {
  for (const int64_t rows_before : {0, 1, 8, 1000, 70'000}) {
    StrictPool pool;
    StoredValidity stored(&pool);
    Random random(1);
    const auto one = FromJson(arrow::int8(), "[7]");
    const auto whole = RandomColumn(*one, rows_before, 0, random);
    ASSERT_TRUE(stored.Append(*whole->data(), 0, rows_before).ok());
    EXPECT_FALSE(stored.has_nulls());
    EXPECT_EQ(pool.bytes_allocated(), 0);
    const auto holes = FromJson(arrow::int8(), "[1, null, 2, null]")->Slice(1);
    ASSERT_TRUE(stored.Append(*holes->data(), 0, 3).ok());
    ASSERT_TRUE(stored.Append(*one->data(), 0, 1).ok());
    ASSERT_TRUE(stored.Finish().ok());
    for (int64_t row = 0; row < rows_before; ++row) ASSERT_TRUE(stored.IsValid(row));
    EXPECT_FALSE(stored.IsValid(rows_before));
    EXPECT_TRUE(stored.IsValid(rows_before + 1));
    EXPECT_FALSE(stored.IsValid(rows_before + 2));
    EXPECT_TRUE(stored.IsValid(rows_before + 3));
  }
}

}  // namespace
}  // namespace spillway::join
