#include "memory/heap_charge.h"

#include <atomic>
#include <memory>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/governed_pool.h"

namespace spillway::memory {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsCounted = false;
#else
constexpr bool kIsCounted = true;
#endif

constexpr int64_t kCapacity = 64 * kMiB;
constexpr int64_t kOwnBytes = 4 * kMiB;    // above what the heap has as a test begins
constexpr int64_t kSlackBytes = 9 * kMiB;  // that may stay charged for nothing

class HeapChargeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kIsCounted) GTEST_SKIP() << "a sanitizer has its own operator new";
    const int64_t overhead = kProgramBytes + HeapInUse() + kOwnBytes;
    LimitHeap(overhead + kCapacity, nullptr);
    governor_ = Governor::Make(overhead + kCapacity, overhead).ValueOrDie();
  }
  void TearDown() override { LimitHeap(0, nullptr); }

  std::unique_ptr<HeapCharge> Charge() { return HeapCharge::Make(governor_.get()).ValueOrDie(); }

  std::unique_ptr<Governor> governor_;
};

TEST_F(HeapChargeTest, ChargesWhatIsAboveTheOverhead) {
  const auto charge = Charge();
  EXPECT_EQ(charge->charged_bytes(), 0);
  auto block = std::make_unique<char[]>(24 * kMiB);
  EXPECT_GE(charge->charged_bytes(), 24 * kMiB - kOwnBytes);
  EXPECT_LE(charge->charged_bytes(), 24 * kMiB - kOwnBytes + 2 * kMiB);
  EXPECT_EQ(governor_->held_bytes(), charge->charged_bytes());
  block.reset();
  EXPECT_LE(charge->charged_bytes(), kSlackBytes);
}

TEST_F(HeapChargeTest, PoolsHaveTheRest) {
  const auto charge = Charge();
  const auto block = std::make_unique<char[]>(24 * kMiB);
  const auto pool = GovernedPool::Make(governor_.get(), "reading", 0, 0).ValueOrDie();
  uint8_t* large = nullptr;
  const Status refused = pool->Allocate(48 * kMiB, &large);
  ASSERT_TRUE(refused.IsOutOfMemory());
  EXPECT_NE(FindError(refused)->why.find("logs and footers holds 2"), std::string::npos)
      << refused.ToString();
  ASSERT_TRUE(pool->Allocate(40 * kMiB, &large).ok());
  pool->Free(large, 40 * kMiB);
}

TEST_F(HeapChargeTest, TheHeapHasWhatPoolsLeave) {
  const auto charge = Charge();
  const auto pool = GovernedPool::Make(governor_.get(), "reading", 0, 0).ValueOrDie();
  uint8_t* large = nullptr;
  ASSERT_TRUE(pool->Allocate(56 * kMiB, &large).ok());
  EXPECT_THROW(std::vector<char>(16 * kMiB), std::bad_alloc);
  EXPECT_EQ(std::vector<char>(8 * kMiB).size(), 8 * kMiB);
  // An error can be told even where all is used up.
  uint8_t* rest = nullptr;
  ASSERT_TRUE(pool->Allocate(governor_->free_bytes(), &rest).ok());
  const int64_t rest_bytes = pool->bytes_allocated() - 56 * kMiB;
  std::vector<std::unique_ptr<char[]>> small;
  const auto take_all = [&small] {
    while (true) small.push_back(std::make_unique<char[]>(1024));
  };
  EXPECT_THROW(take_all(), std::bad_alloc);
  EXPECT_GT(small.size(), 1024U);
  small.clear();
  pool->Free(rest, rest_bytes);
  pool->Free(large, 56 * kMiB);
  EXPECT_EQ(std::vector<char>(48 * kMiB).size(), 48 * kMiB);
}

TEST_F(HeapChargeTest, EndsWithoutATrace) {
  const auto block = std::make_unique<char[]>(24 * kMiB);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto charge = Charge();
    EXPECT_GE(charge->charged_bytes(), 20 * kMiB);
  }
  EXPECT_EQ(governor_->held_bytes(), 0);
  EXPECT_EQ(std::vector<char>(kCapacity - 24 * kMiB).size(), kCapacity - 24 * kMiB);
}

TEST_F(HeapChargeTest, RefusesWhereTheHeapHasTooMuchAlready) {
  const auto reservation = governor_->Reserve("index", kCapacity - 8 * kMiB, kCapacity - 8 * kMiB);
  const auto block = std::make_unique<char[]>(24 * kMiB);
  EXPECT_TRUE(HeapCharge::Make(governor_.get()).status().IsOutOfMemory());
}

TEST_F(HeapChargeTest, DoesNothingWithoutALimit) {
  LimitHeap(0, nullptr);
  const auto charge = Charge();
  const auto block = std::make_unique<char[]>(2 * kCapacity);
  EXPECT_EQ(charge->charged_bytes(), 0);
}

// Heap and pools together keep the budget, whoever takes and gives.
TEST_F(HeapChargeTest, ThreadsShareTheBudget) {
  const int64_t start = HeapInUse();
  std::atomic<int64_t> most{0};
  {
    const auto charge = Charge();
    const auto pool = GovernedPool::Make(governor_.get(), "reading", 0, 0).ValueOrDie();
    const auto work = [&](unsigned seed) {
      std::mt19937_64 random(seed);
      std::vector<std::vector<char>> blocks;
      for (int step = 0; step < 2'000; ++step) {
        const auto bytes = static_cast<int64_t>(random() % (4 * kMiB));
        if (random() % 2 == 0) {
          try {
            blocks.emplace_back(static_cast<size_t>(bytes));
          } catch (const std::bad_alloc&) {
            blocks.clear();
          }
        } else {
          uint8_t* block = nullptr;
          if (!pool->Allocate(bytes, &block).ok()) continue;
          const int64_t now = HeapInUse() - start + pool->bytes_allocated();
          int64_t seen = most.load();
          while (seen < now && !most.compare_exchange_weak(seen, now)) {
          }
          pool->Free(block, bytes);
        }
        if (random() % 16 == 0) blocks.clear();
      }
    };
    std::vector<std::jthread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
    threads.clear();
    EXPECT_LE(charge->charged_bytes(), kSlackBytes);
  }
  EXPECT_GT(most.load(), kCapacity / 2);
  // What is asked for and refused counts for a moment.
  EXPECT_LE(most.load(), kCapacity + kOwnBytes + 4 * 4 * kMiB);
  EXPECT_EQ(governor_->held_bytes(), 0);
}

}  // namespace
}  // namespace spillway::memory
