#include "memory/heap_limit.h"

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/uncaught.h"
#include "base/units.h"
#include "memory/allocator.h"

namespace spillway::memory {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsCounted = false;
#else
constexpr bool kIsCounted = true;
#endif

class HeapLimitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kIsCounted) GTEST_SKIP() << "a sanitizer has its own operator new";
  }
  void TearDown() override { LimitHeap(0, nullptr); }

  // Lets the heap grow by `bytes` from here.
  static void AllowMore(int64_t bytes) { Heap().limit = Heap().in_use + bytes; }
};

TEST_F(HeapLimitTest, CountsWhatIsAllocated) {
  const int64_t before = Heap().in_use;
  auto block = std::make_unique<char[]>(3 * kMiB);
  EXPECT_GE(Heap().in_use, before + 3 * kMiB);
  EXPECT_LT(Heap().in_use, before + 4 * kMiB);
  block.reset();
  EXPECT_EQ(Heap().in_use, before);
}

TEST_F(HeapLimitTest, RefusesWhatIsAboveIt) {
  AllowMore(8 * kMiB);
  const int64_t before = Heap().in_use;
  EXPECT_THROW(std::vector<char>(9 * kMiB), std::bad_alloc);
  EXPECT_THROW(std::string(int64_t{1} << 40, 'x'), std::bad_alloc);
  EXPECT_EQ(::operator new(9 * kMiB, std::nothrow), nullptr);
  EXPECT_EQ(::operator new(9 * kMiB, std::align_val_t{64}, std::nothrow), nullptr);
  EXPECT_EQ(Heap().in_use, before);
  EXPECT_EQ(std::vector<char>(7 * kMiB).size(), 7 * kMiB);
}

TEST_F(HeapLimitTest, RefusesFootersAboveIt) {
  AllowMore(8 * kMiB);
  const int64_t before = Heap().in_use;
  uint8_t* block = nullptr;
  EXPECT_TRUE(BackingPool()->Allocate(int64_t{1} << 40, &block).IsOutOfMemory());
  ASSERT_TRUE(BackingPool()->Allocate(kMiB, &block).ok());
  EXPECT_TRUE(BackingPool()->Reallocate(kMiB, 9 * kMiB, &block).IsOutOfMemory());
  ASSERT_TRUE(BackingPool()->Reallocate(kMiB, 2 * kMiB, &block).ok());
  EXPECT_GE(Heap().in_use, before + 2 * kMiB);
  BackingPool()->Free(block, 2 * kMiB);
  EXPECT_EQ(Heap().in_use, before);
}

TEST_F(HeapLimitTest, CountsTheOtherShare) {
  static std::atomic<int64_t> others{0};
  LimitHeap(Heap().in_use + 64 * kMiB, &others);  // 16 MiB of them are the program's
  EXPECT_EQ(std::vector<char>(40 * kMiB).size(), 40 * kMiB);
  others = 16 * kMiB;
  EXPECT_THROW(std::vector<char>(40 * kMiB), std::bad_alloc);
  others = 0;
}

// The death of a process whose heap may not grow, in a thread where nobody catches.
TEST_F(HeapLimitTest, EndsWithTheCodeWhereNobodyCatches) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        EndWithErrorIfUncaught();
        LimitHeap(kMiB * 64, nullptr);
        std::thread([] { std::vector<char> block(kMiB * 100); }).join();
      },
      testing::ExitedWithCode(5), "error.SPW-5002.: out of memory");
}

}  // namespace
}  // namespace spillway::memory
