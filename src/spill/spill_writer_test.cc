// Streams written and read again, against vectors of bytes.
#include "spill/spill_writer.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "memory/allocator.h"
#include "spill/block_memory.h"
#include "spill/stream_reader.h"
#include "spill/test_folder.h"

namespace spillway::spill {
namespace {

using Random = std::mt19937_64;
using Bytes = std::vector<uint8_t>;

int64_t Below(Random& random, int64_t end) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(end));
}

// Some bytes at random, or some that compress well.
Bytes RandomBytes(Random& random, int64_t size) {
  Bytes bytes(static_cast<size_t>(size));
  const bool plain = Below(random, 2) == 0;
  for (uint8_t& byte : bytes) byte = plain ? 'a' : static_cast<uint8_t>(random());
  return bytes;
}

void Put(SpillWriter* writer, uint32_t stream, const Bytes& bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  uint8_t* room = writer->TryExtend(stream, size);
  if (room == nullptr) {
    ASSERT_TRUE(writer->StartBlock(stream, size).ok());
    room = writer->TryExtend(stream, size);
    ASSERT_NE(room, nullptr);
  }
  std::memcpy(room, bytes.data(), bytes.size());
  // What may be overrun is overrun.
  std::memset(room + size, 0xEE, kBlockSlackBytes);
}

Bytes ReadStream(const SpilledStreams& streams, uint32_t stream, StreamReader* reader,
                 Random& random) {
  Bytes all;
  for (reader->Open(streams, stream); !reader->done();) {
    if (Below(random, 2) == 0) {
      const auto block = reader->Next().ValueOrDie();
      all.insert(all.end(), block.begin(), block.end());
    } else {
      const auto size = static_cast<size_t>(reader->next_bytes());
      all.resize(all.size() + size);
      EXPECT_TRUE(reader->ReadNext(all.data() + all.size() - size).ok());
    }
  }
  return all;
}

struct Sizes {
  uint32_t streams;
  int64_t block_bytes;
  int64_t write_bytes;
  bool compress;
  int64_t quota_bytes;
};

// Writes pieces of random sizes, some longer than a block, to random streams; reads and frees the
// streams in random order, at most one of them twice.
void WriteAndReadAgain(const Sizes& sizes, Random& random) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  arrow::ProxyMemoryPool pool(memory::BackingPool());
  ResidentQuota quota(sizes.quota_bytes);
  std::vector<Bytes> expected(sizes.streams);
  auto writer = SpillWriter::Make(directory.get(), {.purpose = "rows",
                                                    .streams = sizes.streams,
                                                    .block_bytes = sizes.block_bytes,
                                                    .write_bytes = sizes.write_bytes,
                                                    .compress = sizes.compress,
                                                    .quota = &quota,
                                                    .pool = &pool})
                    .ValueOrDie();
  const int64_t pieces = Below(random, 3000);
  int64_t total = 0;
  for (int64_t i = 0; i < pieces; ++i) {
    const auto stream = static_cast<uint32_t>(Below(random, sizes.streams));
    const int64_t size = 1 + Below(random, Below(random, 100) == 0 ? 3 * sizes.block_bytes : 200);
    const Bytes bytes = RandomBytes(random, size);
    ASSERT_NO_FATAL_FAILURE(Put(writer.get(), stream, bytes));
    expected[stream].insert(expected[stream].end(), bytes.begin(), bytes.end());
    total += size;
  }
  auto streams = writer->Finish().ValueOrDie();
  writer.reset();
  ASSERT_EQ(streams->num_streams(), sizes.streams);
  auto reader = std::make_unique<StreamReader>(&pool);
  std::vector<uint32_t> order(sizes.streams);
  for (uint32_t i = 0; i < sizes.streams; ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  for (const uint32_t stream : order) {
    ASSERT_EQ(streams->StreamBytes(stream), static_cast<int64_t>(expected[stream].size()));
    ASSERT_EQ(ReadStream(*streams, stream, reader.get(), random), expected[stream]);
    if (Below(random, 10) == 0) {
      ASSERT_EQ(ReadStream(*streams, stream, reader.get(), random), expected[stream]);
    }
    streams->Free(stream);
    ASSERT_EQ(streams->StreamBytes(stream), 0);
    ASSERT_TRUE(ReadStream(*streams, stream, reader.get(), random).empty());
  }
  const int64_t written = directory->usage().bytes_written;
  if (sizes.quota_bytes == int64_t{1} << 40) {
    ASSERT_EQ(written, 0);
  }
  if (sizes.quota_bytes == 0 && !sizes.compress) {
    ASSERT_GE(written, total);
  }
  streams.reset();
  reader.reset();
  EXPECT_EQ(pool.bytes_allocated(), 0);
  EXPECT_TRUE(quota.TryTake(sizes.quota_bytes));  // all of it came back
  EXPECT_FALSE(quota.TryTake(1));
}

// A stream that has ended holds no block until Finish, and comes back like the others.
TEST(SpillWriterTest, AStreamThatHasEndedTakesNoMemory) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  arrow::ProxyMemoryPool pool(memory::BackingPool());
  constexpr uint32_t kMany = 200;
  auto writer = SpillWriter::Make(directory.get(), {.purpose = "rows",
                                                    .streams = kMany,
                                                    .block_bytes = 4096,
                                                    .write_bytes = 4096,
                                                    .pool = &pool})
                    .ValueOrDie();
  for (uint32_t stream = 0; stream < kMany; ++stream) {
    ASSERT_NO_FATAL_FAILURE(Put(writer.get(), stream, Bytes(5000, static_cast<uint8_t>(stream))));
    ASSERT_NO_FATAL_FAILURE(Put(writer.get(), stream, {1, 2, 3}));
    ASSERT_TRUE(writer->EndStream(stream).ok());
  }
  EXPECT_LT(pool.max_memory(), 100'000);
  const auto streams = writer->Finish().ValueOrDie();
  Random random(1);
  StreamReader reader(&pool);
  for (uint32_t stream = 0; stream < kMany; ++stream) {
    const Bytes read = ReadStream(*streams, stream, &reader, random);
    ASSERT_EQ(read.size(), 5003U);
    EXPECT_EQ(read.front(), static_cast<uint8_t>(stream));
    EXPECT_EQ(read.back(), 3);
  }
}

TEST(SpillWriterTest, WhatIsWrittenIsRead) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    constexpr uint32_t kStreams[] = {1, 2, 17, 300};
    constexpr int64_t kBlocks[] = {4096, 8192, 65536};
    constexpr int64_t kQuotas[] = {0, 1, 50'000, 1'000'000, int64_t{1} << 40};
    const Sizes sizes{.streams = kStreams[Below(random, 4)],
                      .block_bytes = kBlocks[Below(random, 3)],
                      .write_bytes = Below(random, 300'000),
                      .compress = Below(random, 2) == 0,
                      .quota_bytes = kQuotas[Below(random, 5)]};
    WriteAndReadAgain(sizes, random);
    if (HasFatalFailure()) return;
  }
}

struct Written {
  std::unique_ptr<SpilledStreams> streams;
  int64_t peak_bytes;
};

// 64 bytes to each of `streams` in turn, `rounds` times.
Written WriteRounds(SpillDirectory* directory, uint32_t streams, int64_t rounds, const Sizes& sizes,
                    arrow::MemoryPool* pool) {
  auto writer = SpillWriter::Make(directory, {.purpose = "rows",
                                              .streams = streams,
                                              .block_bytes = sizes.block_bytes,
                                              .write_bytes = sizes.write_bytes,
                                              .compress = sizes.compress,
                                              .pool = pool})
                    .ValueOrDie();
  const Bytes bytes(64, 'x');
  for (int64_t round = 0; round < rounds; ++round) {
    for (uint32_t stream = 0; stream < streams; ++stream) Put(writer.get(), stream, bytes);
  }
  Written written;
  written.streams = writer->Finish().ValueOrDie();
  written.peak_bytes = pool->max_memory();
  return written;
}

TEST(SpillWriterTest, TakesNoMoreThanTheEstimate) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (const bool compress : {false, true}) {
    for (const int64_t write_bytes : {0, 10'000, 200'000}) {
      const Sizes sizes{.streams = 100,
                        .block_bytes = 4096,
                        .write_bytes = write_bytes,
                        .compress = compress,
                        .quota_bytes = 0};
      arrow::ProxyMemoryPool pool(memory::BackingPool());
      const Written written = WriteRounds(directory.get(), 100, 1000, sizes, &pool);
      EXPECT_LE(written.peak_bytes,
                SpillWriter::EstimateBytes(100, 4096, write_bytes, compress) +
                    BlockLog::EstimateBytes(100, written.streams->num_blocks()));
    }
  }
}

TEST(SpillWriterTest, CompressesWhatGetsShorter) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  const Sizes sizes{.streams = 4,
                    .block_bytes = 65536,
                    .write_bytes = 100'000,
                    .compress = true,
                    .quota_bytes = 0};
  const Written written = WriteRounds(directory.get(), 4, 50'000, sizes, memory::BackingPool());
  EXPECT_LT(directory->usage().bytes_written, 4 * 50'000 * 64 / 10);
  EXPECT_EQ(written.streams->StreamBytes(0), 50'000 * 64);
}

// Streams are read and freed in their order, as the join does; the files must go on the way.
TEST(SpillWriterTest, SpaceIsGivenBackOnTheWay) {
  const TestFolder base;
  const auto directory = SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  const auto disk_bytes = [&] {
    int64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory->path())) {
      bytes += static_cast<int64_t>(file.file_size());
    }
    return bytes;
  };
  const Sizes sizes{.streams = 256,
                    .block_bytes = 16384,
                    .write_bytes = 1 << 20,
                    .compress = false,
                    .quota_bytes = 0};
  constexpr int64_t kRounds = 2048;
  const Written written = WriteRounds(directory.get(), 256, kRounds, sizes, memory::BackingPool());
  const int64_t before = disk_bytes();
  ASSERT_GE(before, kRounds * 256 * 64);
  ASSERT_EQ(directory->usage().peak_disk_bytes, directory->usage().bytes_written);
  for (uint32_t stream = 0; stream < 256; ++stream) {
    EXPECT_LE(disk_bytes(), before - before * (stream / 32) / 8 + before / 100) << stream;
    written.streams->Free(stream);
    written.streams->Free(stream);  // a second time it is nothing
  }
  EXPECT_LT(disk_bytes(), 100);  // the lock's
}

}  // namespace
}  // namespace spillway::spill
