// Which blocks are compressed.
#include "spill/block_format.h"

#include <random>
#include <vector>

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

namespace spillway::spill {
namespace {

constexpr int64_t kBytes = 64 * 1024;
using Bytes = std::vector<uint8_t>;

// Of which `noise` bytes cannot be compressed, and the others can.
Bytes MakeBlock(size_t noise) {
  std::mt19937 random(7);
  Bytes block(kBytes, 'a');
  for (size_t i = 0; i < noise; ++i) block[i] = static_cast<uint8_t>(random());
  return block;
}

// Whether a block becomes shorter; it must come back as it was.
bool IsShrunk(BlockCodec* codec, const Bytes& block) {
  Bytes stored = block;
  const int64_t bytes = codec->Shrink(stored.data(), kBytes).ValueOrDie();
  if (bytes == kBytes) {
    EXPECT_EQ(stored, block);
    return false;
  }
  stored.resize(static_cast<size_t>(bytes));
  Bytes expanded(kBytes);
  EXPECT_TRUE(codec->Expand(stored, kBytes, expanded.data()).ok());
  EXPECT_EQ(expanded, block);
  return true;
}

TEST(BlockCodecTest, CompressesEveryBlockWhereItPays) {
  BlockCodec codec(arrow::default_memory_pool());
  const Bytes block = MakeBlock(kBytes / 3);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(IsShrunk(&codec, block));
}

TEST(BlockCodecTest, TriesOneInSixteenWhereItDoesNotPay) {
  BlockCodec codec(arrow::default_memory_pool());
  const Bytes poor = MakeBlock(kBytes * 3 / 4);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(IsShrunk(&codec, poor), i % 16 == 0) << i;
}

TEST(BlockCodecTest, RefusesTheFormOfAnotherLength) {
  BlockCodec codec(arrow::default_memory_pool());
  Bytes stored = MakeBlock(kBytes / 3);
  stored.resize(static_cast<size_t>(codec.Shrink(stored.data(), kBytes).ValueOrDie()));
  for (const int64_t bytes : {kBytes - 1, kBytes + 1}) {
    Bytes expanded(kBytes + 1);
    EXPECT_FALSE(codec.Expand(stored, bytes, expanded.data()).ok()) << bytes;
  }
}

TEST(BlockCodecTest, NoticesThatItPaysAgain) {
  BlockCodec codec(arrow::default_memory_pool());
  EXPECT_TRUE(IsShrunk(&codec, MakeBlock(kBytes * 3 / 4)));
  const Bytes rich = MakeBlock(0);
  for (int i = 0; i < 15; ++i) EXPECT_FALSE(IsShrunk(&codec, rich)) << i;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(IsShrunk(&codec, rich)) << i;
}

}  // namespace
}  // namespace spillway::spill
