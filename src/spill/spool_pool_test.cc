#include "spill/spool_pool.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "memory/process_memory.h"
#include "spill/test_folder.h"

namespace spillway::spill {
namespace {

// Random blocks keep their bytes while they grow and shrink over the size from which on they are
// spooled.
TEST(SpoolPool, KeepsWhatIsInItsBlocks) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 engine(seed);
  const TestFolder folder;
  {
    SpoolPool pool(folder.text(), arrow::system_memory_pool());
    struct Block {
      uint8_t* address;
      int64_t size;
      uint8_t fill;
    };
    std::vector<Block> blocks;
    const auto size = [&engine] { return static_cast<int64_t>(engine() % 1'000'000); };
    for (int round = 0; round < 300; ++round) {
      if (blocks.empty() || engine() % 3 == 0) {
        Block block{.address = nullptr, .size = size(), .fill = static_cast<uint8_t>(engine())};
        ASSERT_TRUE(pool.Allocate(block.size, 64, &block.address).ok());
        std::fill_n(block.address, block.size, block.fill);
        blocks.push_back(block);
      }
      Block& chosen = blocks[engine() % blocks.size()];
      const int64_t new_size = size();
      ASSERT_TRUE(pool.Reallocate(chosen.size, new_size, 64, &chosen.address).ok());
      const int64_t kept = std::min(chosen.size, new_size);
      ASSERT_TRUE(std::all_of(chosen.address, chosen.address + kept,
                              [&chosen](uint8_t byte) { return byte == chosen.fill; }));
      std::fill_n(chosen.address, new_size, chosen.fill);
      chosen.size = new_size;
    }
    int64_t bytes = 0;
    for (const Block& block : blocks) bytes += block.size;
    EXPECT_EQ(pool.bytes_allocated(), bytes);
    for (const Block& block : blocks) pool.Free(block.address, block.size, 64);
    EXPECT_EQ(pool.bytes_allocated(), 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.text()));
}

// Threads that map, resize and unmap all the time get the addresses of each other's blocks.
TEST(SpoolPool, BlocksOfSeveralThreadsStayApart) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3000;
  const TestFolder folder;
  SpoolPool pool(folder.text(), arrow::system_memory_pool());
  std::vector<std::thread> threads;
  std::atomic<int> damaged{0};
  for (int number = 1; number <= kThreads; ++number) {
    threads.emplace_back([&pool, &damaged, number] {
      for (int round = 0; round < kRounds; ++round) {
        const auto fill = static_cast<uint8_t>(number);
        int64_t size = SpoolPool::kSpooledBlockBytes;
        uint8_t* block = nullptr;
        if (!pool.Allocate(size, 64, &block).ok()) return ++damaged;
        std::fill_n(block, size, fill);
        if (!pool.Reallocate(size, 2 * size, 64, &block).ok()) ++damaged;
        size *= 2;
        std::fill_n(block + size / 2, size / 2, fill);
        const auto is_whole = [fill](uint8_t byte) { return byte == fill; };
        if (!std::all_of(block, block + size, is_whole)) ++damaged;
        pool.Free(block, size, 64);
      }
      return 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(damaged, 0);
}

TEST(SpoolPool, LargeBlocksAreNoMemoryOfTheProcess) {
  constexpr int64_t kBytes = 64 * 1024 * 1024;
  const TestFolder folder;
  SpoolPool pool(folder.text(), arrow::system_memory_pool());
  const int64_t before = memory::ReadProcessMemory().ValueOrDie().unreclaimable_bytes();
  uint8_t* block = nullptr;
  ASSERT_TRUE(pool.Allocate(kBytes, 64, &block).ok());
  std::fill_n(block, kBytes, uint8_t{1});
  const int64_t after = memory::ReadProcessMemory().ValueOrDie().unreclaimable_bytes();
  EXPECT_LT(after - before, kBytes / 8);
  pool.Free(block, kBytes, 64);
}

TEST(SpoolPool, AMissingFolderIsACodedError) {
  SpoolPool pool("/nowhere/at/all", arrow::system_memory_pool());
  uint8_t* block = nullptr;
  EXPECT_TRUE(FindError(pool.Allocate(SpoolPool::kSpooledBlockBytes, 64, &block)).has_value());
}

}  // namespace
}  // namespace spillway::spill
