#include "memory/allocator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/units.h"
#include "memory/process_memory.h"

namespace spillway::memory {
namespace {

int64_t AnonymousBytes() { return ReadProcessMemory().ValueOrDie().rss_anon_bytes; }

TEST(AllocatorTest, BlocksAreAlignedAndNotNull) {
  for (const int64_t size : {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{4096},
                             kMappedBlockBytes - 1, kMappedBlockBytes, 3 * kMiB + 1}) {
    for (const int64_t alignment : {1, 8, 64, 512, 4096}) {
      uint8_t* block = nullptr;
      ASSERT_TRUE(AllocateBlock(size, alignment, &block).ok());
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % static_cast<uintptr_t>(alignment), 0U);
      std::memset(block, 0xAB, static_cast<size_t>(size));
      FreeBlock(block, size, alignment);
    }
  }
}

// Every pair of sizes around the borders: none, malloc, mapped.
TEST(AllocatorTest, ReallocationKeepsTheBytes) {
  const std::vector<int64_t> sizes = {
      0, 1, 100, kMappedBlockBytes - 1, kMappedBlockBytes, kMappedBlockBytes + 4097, 5 * kMiB};
  for (const int64_t alignment : {int64_t{64}, kOwnPages}) {
    for (const int64_t old_size : sizes) {
      for (const int64_t new_size : sizes) {
        uint8_t* block = nullptr;
        ASSERT_TRUE(AllocateBlock(old_size, alignment, &block).ok());
        for (int64_t i = 0; i < old_size; ++i) block[i] = static_cast<uint8_t>(i * 7);
        ASSERT_TRUE(ReallocateBlock(old_size, new_size, alignment, &block).ok());
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % static_cast<uintptr_t>(alignment), 0U);
        int64_t different = 0;
        for (int64_t i = 0; i < std::min(old_size, new_size); ++i) {
          different += block[i] != static_cast<uint8_t>(i * 7);
        }
        EXPECT_EQ(different, 0) << old_size << " -> " << new_size;
        std::memset(block, 1, static_cast<size_t>(new_size));
        FreeBlock(block, new_size, alignment);
      }
    }
  }
}

TEST(AllocatorTest, SaysWhatAReallocationNeeds) {
  EXPECT_EQ(BytesDuringReallocation(100, 200), 300);
  EXPECT_EQ(BytesDuringReallocation(200, 100), 300);
  EXPECT_EQ(BytesDuringReallocation(0, 100), 100);
  EXPECT_EQ(BytesDuringReallocation(100, kMiB), kMiB + 100);
  EXPECT_EQ(BytesDuringReallocation(kMiB, 2 * kMiB), 2 * kMiB);
  EXPECT_EQ(BytesDuringReallocation(2 * kMiB, kMiB), 2 * kMiB);
}

TEST(AllocatorTest, WhatTheSystemRefusesIsAnError) {
  uint8_t* block = nullptr;
  EXPECT_TRUE(AllocateBlock(int64_t{1} << 62, 64, &block).IsOutOfMemory());
  EXPECT_TRUE(
      AllocateBlock(int64_t{1} << 46, 64, &block).IsOutOfMemory());  // no such address space
  EXPECT_TRUE(AllocateBlock(-1, 64, &block).IsInvalid());
  ASSERT_TRUE(AllocateBlock(kMiB, 64, &block).ok());
  block[kMiB - 1] = 42;
  EXPECT_TRUE(ReallocateBlock(kMiB, int64_t{1} << 46, 64, &block).IsOutOfMemory());
  EXPECT_EQ(block[kMiB - 1], 42);
  FreeBlock(block, kMiB, 64);
}

// The reason for this allocator: resident memory follows what is allocated, at every moment.
TEST(AllocatorTest, FreedBlocksLeaveTheProcess) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  struct Block {
    uint8_t* address;
    int64_t size;
  };
  std::vector<Block> blocks;
  int64_t allocated = 0;
  const int64_t before = AnonymousBytes();
  for (int step = 0; step < 300; ++step) {
    const auto size = static_cast<int64_t>(random() % static_cast<uint64_t>(6 * kMiB)) + 64 * kKiB;
    uint8_t* address = nullptr;
    ASSERT_TRUE(AllocateBlock(size, 64, &address).ok());
    std::memset(address, 1, static_cast<size_t>(size));
    blocks.push_back({address, size});
    allocated += size;
    while (allocated > 48 * kMiB) {
      const size_t victim = random() % blocks.size();
      FreeBlock(blocks[victim].address, blocks[victim].size, 64);
      allocated -= blocks[victim].size;
      blocks[victim] = blocks.back();
      blocks.pop_back();
    }
    if (step % 20 == 0) {
      ASSERT_LT(AnonymousBytes() - before, allocated + 12 * kMiB) << step;
    }
  }
  for (const Block& block : blocks) FreeBlock(block.address, block.size, 64);
  EXPECT_LT(AnonymousBytes() - before, 12 * kMiB);
}

// Between blocks and small things that stay, a freed block is of use for the next of its size.
TEST(AllocatorTest, FreedBlocksAreUsedAgain) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer keeps freed blocks, or notes of them";
#endif
  for (const int64_t size : {4096, 64 * 1024 + 64}) {
    const int64_t count = 64 * kMiB / size;
    std::vector<uint8_t*> blocks(static_cast<size_t>(count));
    std::vector<std::unique_ptr<std::array<char, 24>>> small;
    const auto allocate = [&](uint8_t** block) {
      ASSERT_TRUE(AllocateBlock(size, 64, block).ok());
      std::memset(*block, 1, static_cast<size_t>(size));
      for (int i = 0; i < 4; ++i) small.push_back(std::make_unique<std::array<char, 24>>());
    };
    for (uint8_t*& block : blocks) allocate(&block);
    const int64_t before = AnonymousBytes();
    for (size_t i = 0; i < blocks.size(); i += 2) FreeBlock(blocks[i], size, 64);
    for (size_t i = 0; i < blocks.size(); i += 2) allocate(&blocks[i]);
    EXPECT_LT(AnonymousBytes() - before, 4 * kMiB) << size;
    for (uint8_t* block : blocks) FreeBlock(block, size, 64);
  }
}

// Blocks that spill: small ones, of two sizes, which go in another order than they came.
TEST(AllocatorTest, PagesOfTheirOwnLeaveWhateverIsBesideThem) {
  constexpr int64_t kSmall = 32 * kKiB;
  constexpr int64_t kLarge = 64 * kKiB;
  const auto make = [](int64_t size) {
    uint8_t* block = nullptr;
    EXPECT_TRUE(AllocateBlock(size, kOwnPages, &block).ok());
    std::memset(block, 1, static_cast<size_t>(size));
    return block;
  };
  const int64_t before = AnonymousBytes();
  std::vector<uint8_t*> small(64 * kMiB / kSmall);
  for (uint8_t*& block : small) block = make(kSmall);
  EXPECT_GT(AnonymousBytes() - before, 60 * kMiB);
  for (size_t i = 0; i < small.size(); i += 2) FreeBlock(small[i], kSmall, kOwnPages);
  EXPECT_LT(AnonymousBytes() - before, 40 * kMiB);
  std::vector<uint8_t*> large(32 * kMiB / kLarge);
  for (uint8_t*& block : large) block = make(kLarge);
  EXPECT_LT(AnonymousBytes() - before, 72 * kMiB);
  for (size_t i = 1; i < small.size(); i += 2) FreeBlock(small[i], kSmall, kOwnPages);
  for (uint8_t* block : large) FreeBlock(block, kLarge, kOwnPages);
  EXPECT_LT(AnonymousBytes() - before, 12 * kMiB);
}

TEST(AllocatorTest, BackingPoolAllocates) {
  uint8_t* block = nullptr;
  ASSERT_TRUE(BackingPool()->Allocate(kMiB, &block).ok());
  BackingPool()->Free(block, kMiB);
}

}  // namespace
}  // namespace spillway::memory
