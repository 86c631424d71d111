#include "pipeline/chunk_ahead.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::pipeline {
namespace {

// Of ten rows each.
std::vector<Chunk> Chunks(int64_t count) {
  std::vector<Chunk> chunks;
  for (int64_t i = 0; i < count; ++i) {
    chunks.push_back({.first_ordinal = 10 * i, .end_ordinal = 10 * (i + 1)});
  }
  return chunks;
}

WrittenFiles RowsOf(const Chunk& chunk) {
  WrittenFiles files;
  files.rows = chunk.first_ordinal;
  return files;
}

TEST(ChunkAhead, GivesTheChunksInOrder) {
  const std::vector<Chunk> chunks = Chunks(5);
  const StopSignal stop{0};
  ChunkAhead ahead(chunks, [](const Chunk* chunk) { return RowsOf(*chunk); }, stop);
  for (const Chunk& expected : chunks) {
    Chunk chunk;
    const auto files = ahead.Next(&chunk).ValueOrDie();
    ASSERT_TRUE(files);
    EXPECT_EQ(files->rows, expected.first_ordinal);
    EXPECT_EQ(chunk.end_ordinal, expected.end_ordinal);
  }
  Chunk none;
  EXPECT_FALSE(ahead.Next(&none).ValueOrDie());
}

// From when Next has returned a chunk until it is called again, its caller commits that chunk.
// This test waits for the next one to be begun in that time, and does not end where it is not.
TEST(ChunkAhead, TheNextOneIsBegunWhileOneIsCommitted) {
  const std::vector<Chunk> chunks = Chunks(4);
  const StopSignal stop{0};
  std::atomic<int64_t> begun{0};
  ChunkAhead ahead(
      chunks,
      [&begun](const Chunk* chunk) {
        ++begun;
        begun.notify_all();
        return RowsOf(*chunk);
      },
      stop);
  for (int64_t number = 1; number < 4; ++number) {
    Chunk chunk;
    ASSERT_TRUE(ahead.Next(&chunk).ValueOrDie());
    for (int64_t seen = begun; seen <= number; seen = begun) begun.wait(seen);
  }
}

TEST(ChunkAhead, NothingComesBehindTheSourcesLastRow) {
  const std::vector<Chunk> chunks = Chunks(4);
  const StopSignal stop{0};
  std::atomic<int> begun{0};
  Chunk chunk;
  {
    ChunkAhead ahead(
        chunks,
        [&](Chunk* written) {
          if (++begun == 2) written->end_ordinal = chunks.back().end_ordinal;
          return RowsOf(*written);
        },
        stop);
    ASSERT_TRUE(ahead.Next(&chunk).ValueOrDie());
    ASSERT_TRUE(ahead.Next(&chunk).ValueOrDie());
    EXPECT_EQ(chunk.end_ordinal, chunks.back().end_ordinal);
    EXPECT_FALSE(ahead.Next(&chunk).ValueOrDie());
  }
  EXPECT_EQ(begun, 2);
}

TEST(ChunkAhead, AFailureIsThatOfItsOwnChunk) {
  const std::vector<Chunk> chunks = Chunks(3);
  const StopSignal stop{0};
  ChunkAhead ahead(
      chunks,
      [](const Chunk* chunk) -> Result<WrittenFiles> {
        if (chunk->first_ordinal == 10) return Status::Invalid("the second");
        return RowsOf(*chunk);
      },
      stop);
  Chunk chunk;
  EXPECT_TRUE(ahead.Next(&chunk).ValueOrDie());
  const auto failed = ahead.Next(&chunk);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().message(), "the second");
}

// A stop lets the chunk that is begun end, and begins no other.
TEST(ChunkAhead, AStopEndsAtAChunk) {
  const std::vector<Chunk> chunks = Chunks(5);
  StopSignal stop{0};
  ChunkAhead ahead(
      chunks,
      [&stop](const Chunk* chunk) {
        if (chunk->first_ordinal == 10) stop = kStopAfterChunk;
        return RowsOf(*chunk);
      },
      stop);
  Chunk chunk;
  EXPECT_TRUE(ahead.Next(&chunk).ValueOrDie());
  EXPECT_TRUE(ahead.Next(&chunk).ValueOrDie());
  EXPECT_FALSE(ahead.Next(&chunk).ValueOrDie());
}

}  // namespace
}  // namespace spillway::pipeline
