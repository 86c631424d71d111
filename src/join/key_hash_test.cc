#include "join/key_hash.h"

#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "join/join_test_data.h"
#include "join/key.h"

namespace spillway::join {
namespace {

std::vector<uint64_t> HashesOf(const arrow::Array& array) {
  std::vector<uint64_t> hashes(static_cast<size_t>(array.length()));
  HashColumn(*array.data(), *KindOf(*array.type()), 0, array.length(), false, hashes.data());
  return hashes;
}

TEST(KeyHashTest, ZerosAndNansHaveOneHashEach) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  arrow::DoubleBuilder builder;
  for (const double value : {0.0, -0.0, nan, -nan, 1.0, -1.0}) {
    ASSERT_TRUE(builder.Append(value).ok());
  }
  const auto hashes = HashesOf(*builder.Finish().ValueOrDie());
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_EQ(hashes[2], hashes[3]);
  EXPECT_EQ(std::set(hashes.begin(), hashes.end()).size(), 4U);
}

TEST(KeyHashTest, StoredKeysHashLikeTheirArrays) {
  Random random(5);
  StrictPool pool;
  const auto values =
      RandomColumn(*FromJson(arrow::utf8(), "[\"\", \"a\", \"" + std::string(300, 'b') + "\", \"" +
                                                std::string(9'000, 'c') + "\"]"),
                   3000, 0, random);
  const auto column = KeyColumn::Make(values->type(), &pool, 0);
  ASSERT_TRUE(column->Append(*values->data(), 0, values->length()).ok());
  ASSERT_TRUE(column->Finish().ok());
  ASSERT_GT(column->allocated_bytes(), 4 << 20);  // so that some values straddle blocks
  std::vector<uint64_t> stored(3000);
  column->Hash(0, 3000, false, stored.data());
  EXPECT_EQ(stored, HashesOf(*values));
}

TEST(KeyHashTest, ThePartsOfAKeyAreOrdered) {
  const uint64_t a = HashWord(1);
  const uint64_t b = HashWord(2);
  EXPECT_NE(CombineHashes(a, b), CombineHashes(b, a));
  EXPECT_NE(CombineHashes(a, a), CombineHashes(b, b));
}

// Sequential keys spread evenly over partitions, and over buckets within one partition.
TEST(KeyHashTest, PartitionsAndBucketsAreIndependent) {
  constexpr int kBits = 4;
  constexpr uint64_t kBuckets = 100;
  constexpr uint64_t kKeys = 160'000;
  std::vector<int64_t> counts((1U << kBits) * kBuckets);
  for (uint64_t key = 0; key < kKeys; ++key) {
    const uint64_t hash = HashWord(key);
    ++counts[PartitionOf(hash, kBits) * kBuckets + BucketOf(hash, kBuckets)];
  }
  for (const int64_t count : counts) {
    EXPECT_GT(count, 50);  // 100 expected, standard deviation 10
    EXPECT_LT(count, 150);
  }
}

TEST(KeyHashTest, NoTagMeansEmpty) {
  EXPECT_EQ(TagOf(0), 1);
  EXPECT_EQ(TagOf(0x1200), 1);
  EXPECT_EQ(TagOf(0x12ff), 0xff);
}

}  // namespace
}  // namespace spillway::join
