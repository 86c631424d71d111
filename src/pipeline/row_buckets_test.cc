#include "pipeline/row_buckets.h"

#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace spillway::pipeline {
namespace {

RowBuckets Make(int64_t rows) {
  return RowBuckets::Make(rows, arrow::default_memory_pool()).ValueOrDie();
}

TEST(RowBuckets, NameTheBucketsOfTheRowsThatDiffer) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<uint64_t> identities(100'000);
  std::vector<uint64_t> hashes(identities.size());
  for (uint64_t& identity : identities) identity = random();
  for (uint64_t& hash : hashes) hash = random();
  RowBuckets left = Make(100'000);
  left.Add(identities, hashes);
  std::set<size_t> changed;
  for (const size_t row : {size_t{7}, size_t{50'000}, size_t{99'999}}) {
    hashes[row] += 1;
    changed.insert(identities[row] >> left.shift());
  }
  RowBuckets right = Make(100'000);
  right.Add(identities, hashes);
  const std::vector<size_t> different = RowBuckets::Different(left, right);
  EXPECT_EQ(std::set<size_t>(different.begin(), different.end()), changed);
}

TEST(RowBuckets, SeeALostRowWhoseHashIsNothing) {
  RowBuckets left = Make(10);
  left.Add({1, uint64_t{1} << 63}, {0, 5});
  RowBuckets right = Make(10);
  right.Add({uint64_t{1} << 63}, {5});
  EXPECT_EQ(RowBuckets::Different(left, right), std::vector<size_t>{0});
}

TEST(RowBuckets, AreAsManyAsTheRowsWant) {
  EXPECT_EQ(Make(0).size(), 1024U);
  EXPECT_EQ(Make(1'000'000).size(), 16384U);
  EXPECT_EQ(Make(int64_t{1} << 40).size(), size_t{1} << 18);
}

TEST(RowBuckets, MayBeSharedByThreads) {
  RowBuckets shared = Make(10);
  RowBuckets alone = Make(10);
  std::vector<uint64_t> identities(20'000);
  for (size_t i = 0; i < identities.size(); ++i) identities[i] = i << 50;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { shared.Add(identities, identities); });
  }
  for (int i = 0; i < 4; ++i) alone.Add(identities, identities);
  EXPECT_TRUE(RowBuckets::Different(shared, alone).empty());
}

}  // namespace
}  // namespace spillway::pipeline
