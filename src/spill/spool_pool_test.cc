#include "spill/spool_pool.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file_size_limit.h"
#include "memory/fault_pool.h"
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

// Blocks with their bytes, all of which are given back at the end.
class FilledBlocks {
 public:
  explicit FilledBlocks(SpoolPool* pool) : pool_(pool) {}
  ~FilledBlocks() {
    for (const Block& block : blocks_) pool_->Free(block.address, block.size, kAlignment);
  }
  FilledBlocks(const FilledBlocks&) = delete;
  FilledBlocks& operator=(const FilledBlocks&) = delete;

  Status Add(int64_t size) {
    Block block{.address = nullptr, .size = size, .fill = static_cast<uint8_t>(blocks_.size() + 1)};
    ARROW_RETURN_NOT_OK(pool_->Allocate(size, kAlignment, &block.address));
    std::fill_n(block.address, size, block.fill);
    blocks_.push_back(block);
    return Status::OK();
  }

  Status Resize(size_t number, int64_t size) {
    Block& block = blocks_[number];
    ARROW_RETURN_NOT_OK(pool_->Reallocate(block.size, size, kAlignment, &block.address));
    block.size = size;
    std::fill_n(block.address, size, block.fill);
    return Status::OK();
  }

  // That all have their bytes, and the pool counts them and no others.
  void ExpectWhole() const {
    int64_t bytes = 0;
    for (const Block& block : blocks_) {
      bytes += block.size;
      EXPECT_TRUE(std::all_of(block.address, block.address + block.size,
                              [&block](uint8_t byte) { return byte == block.fill; }));
    }
    EXPECT_EQ(pool_->bytes_allocated(), bytes);
  }

 private:
  static constexpr int64_t kAlignment = 64;

  struct Block {
    uint8_t* address;
    int64_t size;
    uint8_t fill;
  };

  SpoolPool* const pool_;
  std::vector<Block> blocks_;
};

int64_t CountOpenFiles() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

void ExpectStorageFull(const Status& status, const TestFolder& folder) {
  ASSERT_FALSE(status.ok());
  const auto error = FindError(status);
  ASSERT_TRUE(error.has_value()) << status.ToString();
  EXPECT_EQ(error->code, ErrorCode::kStorageFull) << status.ToString();
  EXPECT_NE(error->where.find(folder.text()), std::string::npos) << error->where;
  EXPECT_FALSE(error->cure.empty());
}

constexpr int64_t kSmall = SpoolPool::kSpooledBlockBytes / 2;
constexpr int64_t kLarge = 4 * SpoolPool::kSpooledBlockBytes;

// Where there is no room for a file: a new block, one that becomes a spooled one, and one that
// grows are refused, and all blocks stay as they were. `with_little_room` calls what it is given
// while a file has room for at most kLarge bytes.
void ExpectRefusals(const TestFolder& folder,
                    const std::function<void(const std::function<void()>&)>& with_little_room) {
  const int64_t open_files = CountOpenFiles();
  arrow::ProxyMemoryPool small(arrow::system_memory_pool());
  {
    SpoolPool pool(folder.text(), &small);
    FilledBlocks blocks(&pool);
    with_little_room([&] {
      ASSERT_TRUE(blocks.Add(kSmall).ok());
      ASSERT_TRUE(blocks.Add(SpoolPool::kSpooledBlockBytes).ok());
      const int64_t files_before = CountOpenFiles();
      for (int round = 0; round < 3; ++round) {
        ExpectStorageFull(blocks.Add(2 * kLarge), folder);
        ExpectStorageFull(blocks.Resize(0, 2 * kLarge), folder);
        ExpectStorageFull(blocks.Resize(1, 2 * kLarge), folder);
        blocks.ExpectWhole();
        EXPECT_EQ(small.bytes_allocated(), kSmall);
        EXPECT_EQ(CountOpenFiles(), files_before);
        EXPECT_EQ(folder.CountEntries(), 0);
      }
    });
    // What was refused is given as soon as there is room again.
    ASSERT_TRUE(blocks.Resize(0, kLarge).ok());
    ASSERT_TRUE(blocks.Resize(1, kSmall).ok());
    blocks.ExpectWhole();
  }
  EXPECT_EQ(small.bytes_allocated(), 0);
  EXPECT_EQ(CountOpenFiles(), open_files);
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(SpoolPool, ALimitOfTheSizeOfFilesIsACodedError) {
  const TestFolder folder;
  ExpectRefusals(folder, [](const std::function<void()>& use) {
    const FileSizeLimit limit(kLarge);
    use();
  });
}

TEST(SpoolPool, AFullDiskIsACodedError) {
  TestFolder folder;
  if (!folder.Mount("size=1792k")) {
    GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  }
  ExpectRefusals(folder, [](const std::function<void()>& use) { use(); });
}

// The room of a block is taken when it is allocated, not when it is written to.
TEST(SpoolPool, BlocksThatFillADiskAreRefusedBeforeTheyAreWritten) {
  TestFolder folder;
  if (!folder.Mount("size=4m")) {
    GTEST_SKIP() << "cannot mount a tmpfs here: " << std::strerror(errno);
  }
  SpoolPool pool(folder.text(), arrow::system_memory_pool());
  FilledBlocks blocks(&pool);
  int64_t given = 0;
  Status status;
  while (given < 100 && (status = blocks.Add(SpoolPool::kSpooledBlockBytes)).ok()) ++given;
  EXPECT_GE(given, 10);
  EXPECT_LE(given, 16);
  ExpectStorageFull(status, folder);
  blocks.ExpectWhole();
}

// A block that shrinks below the size of spooled ones moves to the other pool; where that refuses,
// it stays where it is.
TEST(SpoolPool, ARefusalOfSmallBlocksLeavesTheBlock) {
  const TestFolder folder;
  memory::FaultPool small(arrow::system_memory_pool(), {.fail_at = 1});
  {
    SpoolPool pool(folder.text(), &small);
    FilledBlocks blocks(&pool);
    ASSERT_TRUE(blocks.Add(kLarge).ok());
    EXPECT_TRUE(blocks.Resize(0, kSmall).IsOutOfMemory());
    blocks.ExpectWhole();
  }
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(SpoolPool, AMissingFolderIsACodedError) {
  SpoolPool pool("/nowhere/at/all", arrow::system_memory_pool());
  uint8_t* block = nullptr;
  EXPECT_TRUE(FindError(pool.Allocate(SpoolPool::kSpooledBlockBytes, 64, &block)).has_value());
}

}  // namespace
}  // namespace spillway::spill
