#include "memory/governed_pool.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/fault_pool.h"

namespace spillway::memory {
namespace {

using testing::HasSubstr;

struct Fixture {
  explicit Fixture(int64_t budget_bytes, int64_t granted_bytes = 0)
      : governor(Governor::Make(budget_bytes, 0).ValueOrDie()),
        pool(GovernedPool::Make(governor.get(), "lane 0", granted_bytes, granted_bytes)
                 .ValueOrDie()) {}

  std::unique_ptr<Governor> governor;
  std::unique_ptr<GovernedPool> pool;
};

TEST(GovernedPoolTest, CountsWhatItAllocates) {
  Fixture fixture(10 * kMiB);
  uint8_t* first = nullptr;
  uint8_t* second = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(1000, &first).ok());
  ASSERT_TRUE(fixture.pool->Allocate(2 * kMiB, &second).ok());
  EXPECT_EQ(fixture.pool->bytes_allocated(), 2 * kMiB + 1000);
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 2 * kMiB + 1000);
  EXPECT_EQ(fixture.governor->free_bytes(), 8 * kMiB - 1000);
  fixture.pool->Free(second, 2 * kMiB);
  ASSERT_TRUE(fixture.pool->Reallocate(1000, 3000, &first).ok());
  EXPECT_EQ(fixture.pool->bytes_allocated(), 3000);
  EXPECT_EQ(fixture.pool->max_memory(), 2 * kMiB + 1000);
  EXPECT_EQ(fixture.pool->total_bytes_allocated(), 2 * kMiB + 3000);
  EXPECT_EQ(fixture.pool->num_allocations(), 3);
  EXPECT_EQ(fixture.pool->backend_name(), "spillway");
  fixture.pool->Free(first, 3000);
  EXPECT_EQ(fixture.pool->bytes_allocated(), 0);
  EXPECT_EQ(fixture.governor->free_bytes(), 10 * kMiB);
  fixture.pool->ReleaseUnused();
}

TEST(GovernedPoolTest, AboveTheBudgetItIsOutOfMemory) {
  Fixture fixture(10 * kMiB);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(6 * kMiB, &block).ok());
  uint8_t* refused = nullptr;
  const Status status = fixture.pool->Allocate(5 * kMiB, &refused);
  EXPECT_TRUE(status.IsOutOfMemory());
  EXPECT_EQ(refused, nullptr);
  EXPECT_EQ(FindError(status)->code, ErrorCode::kBudgetExceeded);
  EXPECT_EQ(status.message(),
            "lane 0 asked for 5.0 MiB with 6.0 MiB in use, but only 4.0 MiB of 10.0 MiB is free");
  EXPECT_EQ(fixture.pool->bytes_allocated(), 6 * kMiB);
  ASSERT_TRUE(fixture.pool->Allocate(4 * kMiB, &refused).ok());
  fixture.pool->Free(refused, 4 * kMiB);
  fixture.pool->Free(block, 6 * kMiB);
}

TEST(GovernedPoolTest, ItsGrantIsItsOwn) {
  Fixture fixture(10 * kMiB, 4 * kMiB);
  const Reservation other = fixture.governor->Reserve("index", 0, kGiB).ValueOrDie();
  EXPECT_EQ(other.granted_bytes(), 6 * kMiB);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(4 * kMiB, &block).ok());
  uint8_t* refused = nullptr;
  const Status status = fixture.pool->Allocate(1, &refused);
  EXPECT_TRUE(status.IsOutOfMemory());
  EXPECT_THAT(FindError(status)->why, HasSubstr("index holds 6.0 MiB"));
  fixture.pool->Free(block, 4 * kMiB);
}

TEST(GovernedPoolTest, AMoveByCopyIsChargedTwiceWhileItLasts) {
  Fixture fixture(1000);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(400, &block).ok());
  std::memset(block, 7, 400);
  EXPECT_TRUE(fixture.pool->Reallocate(400, 601, &block).IsOutOfMemory());
  EXPECT_EQ(block[399], 7);
  EXPECT_EQ(fixture.pool->bytes_allocated(), 400);
  EXPECT_EQ(fixture.governor->free_bytes(), 600);
  ASSERT_TRUE(fixture.pool->Reallocate(400, 600, &block).ok());
  EXPECT_EQ(fixture.governor->free_bytes(), 400);
  EXPECT_EQ(fixture.governor->peak_held_bytes(), 1000);
  ASSERT_TRUE(fixture.pool->Reallocate(600, 100, &block).ok());
  EXPECT_EQ(block[99], 7);
  EXPECT_EQ(fixture.governor->free_bytes(), 900);
  fixture.pool->Free(block, 100);
}

TEST(GovernedPoolTest, AMappedBlockGrowsIntoTheWholeBudget) {
  Fixture fixture(10 * kMiB);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(kMiB, &block).ok());
  std::memset(block, 7, kMiB);
  ASSERT_TRUE(fixture.pool->Reallocate(kMiB, 10 * kMiB, &block).ok());
  EXPECT_EQ(block[kMiB - 1], 7);
  EXPECT_EQ(fixture.governor->free_bytes(), 0);
  ASSERT_TRUE(fixture.pool->Reallocate(10 * kMiB, kMiB, &block).ok());
  EXPECT_EQ(fixture.governor->free_bytes(), 9 * kMiB);
  fixture.pool->Free(block, kMiB);
}

TEST(GovernedPoolTest, WhatTheSystemRefusesIsNotCharged) {
  Fixture fixture(int64_t{1} << 60);
  uint8_t* block = nullptr;
  EXPECT_TRUE(fixture.pool->Allocate(int64_t{1} << 50, &block).IsOutOfMemory());
  ASSERT_TRUE(fixture.pool->Allocate(kMiB, &block).ok());
  EXPECT_TRUE(fixture.pool->Reallocate(kMiB, int64_t{1} << 50, &block).IsOutOfMemory());
  EXPECT_EQ(fixture.governor->held_bytes(), kMiB);
  EXPECT_EQ(fixture.pool->bytes_allocated(), kMiB);
  EXPECT_TRUE(fixture.pool->Allocate(-1, &block).IsInvalid());
  EXPECT_TRUE(fixture.pool->Reallocate(kMiB, -1, &block).IsInvalid());
  fixture.pool->Free(block, kMiB);
}

TEST(GovernedPoolTest, ServesArrowsBuilders) {
  Fixture fixture(16 * kMiB);
  arrow::StringBuilder builder(fixture.pool.get());
  Status status;
  int64_t rows = 0;
  for (; status.ok() && rows < 10'000'000; ++rows) status = builder.Append("acc_00000042_9f3c.jpg");
  EXPECT_TRUE(status.IsOutOfMemory());
  EXPECT_GT(rows, 300'000);  // at least half of the budget was of use
  builder.Reset();
  EXPECT_EQ(fixture.pool->bytes_allocated(), 0);
  EXPECT_EQ(fixture.governor->free_bytes(), 16 * kMiB);
}

TEST(GovernedPoolTest, InsideItsGrantItKeepsLargeBlocks) {
  Fixture fixture(20 * kMiB, 8 * kMiB);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(3 * kMiB, &block).ok());
  std::memset(block, 7, 3 * kMiB);
  fixture.pool->Free(block, 3 * kMiB);
  EXPECT_EQ(fixture.pool->bytes_allocated(), 0);
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 3 * kMiB);
  EXPECT_EQ(fixture.governor->free_bytes(), 12 * kMiB);

  uint8_t* again = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(2 * kMiB, &again).ok());
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 2 * kMiB);
  EXPECT_EQ(again[2 * kMiB - 1], 7);  // the pages of the block before
  fixture.pool->Free(again, 2 * kMiB);
  ASSERT_TRUE(fixture.pool->Allocate(4 * kMiB, &again).ok());
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 4 * kMiB);
  std::memset(again, 1, 4 * kMiB);
  fixture.pool->Free(again, 4 * kMiB);

  fixture.pool->ReleaseUnused();
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 0);
}

TEST(GovernedPoolTest, WhatItKeepsIsGivenUpBeforeItDrawsOnTheRest) {
  Fixture fixture(20 * kMiB, 8 * kMiB);
  uint8_t* kept = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(kMiB, &kept).ok());
  fixture.pool->Free(kept, kMiB);
  uint8_t* block = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(20 * kMiB, &block).ok());
  EXPECT_EQ(fixture.governor->free_bytes(), 0);
  fixture.pool->Free(block, 20 * kMiB);  // above the grant, so nothing of it is kept
  EXPECT_EQ(fixture.pool->reservation().charged_bytes(), 0);
  EXPECT_EQ(fixture.governor->free_bytes(), 12 * kMiB);
}

TEST(GovernedPoolTest, AGrantThatShrankKeepsNothingForLong) {
  Fixture fixture(20 * kMiB, 8 * kMiB);
  uint8_t* first = nullptr;
  uint8_t* second = nullptr;
  ASSERT_TRUE(fixture.pool->Allocate(3 * kMiB, &first).ok());
  ASSERT_TRUE(fixture.pool->Allocate(3 * kMiB, &second).ok());
  fixture.pool->Free(first, 3 * kMiB);
  fixture.pool->reservation().ShrinkTo(0);
  EXPECT_EQ(fixture.governor->free_bytes(), 14 * kMiB);
  fixture.pool->Free(second, 3 * kMiB);
  EXPECT_EQ(fixture.governor->free_bytes(), 20 * kMiB);
}

TEST(GovernedPoolTest, ThreadsStayInTheBudgetTogether) {
  constexpr int64_t kBudget = 8 * kMiB;
  Fixture fixture(kBudget, kMiB);
  std::vector<std::thread> threads;
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> damaged{0};
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      std::vector<std::unique_ptr<arrow::Buffer>> buffers;
      for (int step = 0; step < 3000; ++step) {
        auto buffer = arrow::AllocateBuffer(random() % 600'000, fixture.pool.get());
        if (buffer.ok()) {
          std::memset((*buffer)->mutable_data(), static_cast<int>(t),
                      static_cast<size_t>((*buffer)->size()));
          buffers.push_back(*std::move(buffer));
        } else {
          ++refused;
        }
        if (buffers.empty() || random() % 3 == 0) continue;
        const size_t victim = random() % buffers.size();
        const arrow::Buffer& old = *buffers[victim];
        if (old.size() > 0 && old.data()[old.size() - 1] != t) ++damaged;
        buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(victim));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(refused, 0);
  EXPECT_EQ(damaged, 0);
  EXPECT_EQ(fixture.pool->bytes_allocated(), 0);
  EXPECT_LE(fixture.pool->max_memory(), kBudget);
  EXPECT_LE(fixture.governor->peak_held_bytes(), kBudget);
  EXPECT_EQ(fixture.governor->free_bytes(), kBudget - kMiB);
}

TEST(GovernedPoolDeathTest, ABufferThatOutlivesItIsAFaultOfOurs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Fixture fixture(kMiB);
        uint8_t* block = nullptr;
        (void)fixture.pool->Allocate(100, &block);
        fixture.pool.reset();
      },
      "lane 0.*100 bytes");
}

// Whatever allocation fails, the builder gives everything back and the pool stays whole.
TEST(FaultPoolTest, EveryAllocationMayFail) {
  Fixture fixture(64 * kMiB);
  int64_t fail_at = 0;
  bool failed = true;
  while (failed) {
    FaultPool faults(fixture.pool.get(), {.fail_at = ++fail_at});
    {
      arrow::StringBuilder builder(&faults);
      Status status;
      for (int row = 0; status.ok() && row < 2000; ++row) status = builder.Append("a key");
      if (status.ok()) status = builder.Finish().status();
      failed = !status.ok();
      EXPECT_EQ(failed, faults.faults() == 1);
      if (failed) {
        EXPECT_TRUE(status.IsOutOfMemory()) << status;
      }
    }
    EXPECT_EQ(fixture.pool->bytes_allocated(), 0) << "after fault " << fail_at;
  }
  EXPECT_GT(fail_at, 10);
}

TEST(FaultPoolTest, FailsByItsSeedAlone) {
  const auto faults_of = [](FaultPlan plan) {
    FaultPool pool(arrow::system_memory_pool(), plan);
    std::vector<bool> faults;
    for (int i = 0; i < 1000; ++i) {
      uint8_t* block = nullptr;
      faults.push_back(!pool.Allocate(64, &block).ok());
      if (!faults.back()) pool.Free(block, 64);
    }
    EXPECT_EQ(pool.requests(), 1000);
    EXPECT_EQ(pool.faults(), std::count(faults.begin(), faults.end(), true));
    return faults;
  };
  const auto first = faults_of({.probability = 0.1, .seed = 42});
  EXPECT_EQ(first, faults_of({.probability = 0.1, .seed = 42}));
  EXPECT_NE(first, faults_of({.probability = 0.1, .seed = 43}));
  const auto count = std::count(first.begin(), first.end(), true);
  EXPECT_GT(count, 50);
  EXPECT_LT(count, 150);
  EXPECT_EQ(faults_of({}), std::vector<bool>(1000, false));
  EXPECT_EQ(faults_of({.probability = 1}), std::vector<bool>(1000, true));
}

// A builder that doubles its block finds the blocks of the builder before it.
TEST(GovernedPoolTest, AGrowingBlockMovesIntoAKeptOne) {
  const auto governor = Governor::Make(64 * kMiB, 0).ValueOrDie();
  const auto pool = GovernedPool::Make(governor.get(), "test", 16 * kMiB, 16 * kMiB).ValueOrDie();
  const auto grow = [&pool](uint8_t fill) {
    uint8_t* block = nullptr;
    ASSERT_TRUE(pool->Allocate(100 * kKiB, 64, &block).ok());
    std::memset(block, fill, 100 * kKiB);
    int64_t size = 100 * kKiB;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(pool->Reallocate(size, 2 * size, 64, &block).ok());
      size *= 2;
      EXPECT_EQ(block[0], fill);
      EXPECT_EQ(block[100 * kKiB - 1], fill);
      block[size - 1] = fill;
    }
    pool->Free(block, size, 64);
  };
  grow(1);
  const int64_t charged = pool->reservation().charged_bytes();
  grow(2);
  grow(3);
  EXPECT_EQ(pool->bytes_allocated(), 0);
  // What is kept is charged, and no more than the sizes of one builder.
  EXPECT_GE(pool->reservation().charged_bytes(), charged);
  EXPECT_LE(pool->reservation().charged_bytes(), 2 * 3200 * kKiB);
}

}  // namespace
}  // namespace spillway::memory
