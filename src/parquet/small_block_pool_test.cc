#include "parquet/small_block_pool.h"

#include <cstring>

#include <gtest/gtest.h>

namespace spillway::parquet {
namespace {

constexpr int64_t kAlignment = arrow::kDefaultBufferAlignment;

TEST(SmallBlockPoolTest, LendsSmallBlocksAndRemembersTheRefusal) {
  arrow::ProxyMemoryPool counted(arrow::default_memory_pool());
  arrow::CappedMemoryPool capped(&counted, 10000);
  SmallBlockPool pool(&capped);
  uint8_t* charged = nullptr;
  ASSERT_TRUE(pool.Allocate(9000, kAlignment, &charged).ok());
  EXPECT_TRUE(pool.refusal().ok());

  uint8_t* lent = nullptr;
  ASSERT_TRUE(pool.Allocate(2000, kAlignment, &lent).ok());
  EXPECT_TRUE(pool.refusal().IsOutOfMemory());
  EXPECT_EQ(pool.bytes_allocated(), 9000);
  std::memset(lent, 'l', 2000);
  ASSERT_TRUE(pool.Reallocate(2000, 5000, kAlignment, &lent).ok());
  EXPECT_EQ(lent[1999], 'l');

  // A charged block that may not grow is lent too, with what it holds.
  std::memset(charged, 'c', 9000);
  ASSERT_TRUE(pool.Reallocate(9000, 20000, kAlignment, &charged).ok());
  EXPECT_EQ(charged[8999], 'c');
  EXPECT_EQ(pool.bytes_allocated(), 0);

  // Large ones are refused, and stay as they are.
  uint8_t* large = nullptr;
  EXPECT_TRUE(pool.Allocate(1000000, kAlignment, &large).IsOutOfMemory());
  EXPECT_TRUE(pool.Reallocate(20000, 1000000, kAlignment, &charged).IsOutOfMemory());
  EXPECT_EQ(charged[8999], 'c');
  pool.Free(lent, 5000, kAlignment);
  pool.Free(charged, 20000, kAlignment);
  EXPECT_EQ(counted.bytes_allocated(), 0);
}

}  // namespace
}  // namespace spillway::parquet
