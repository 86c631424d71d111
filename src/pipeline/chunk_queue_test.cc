#include "pipeline/chunk_queue.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::pipeline {
namespace {

// `pieces_of[i]` pieces of one row in chunk i.
std::vector<Piece> PiecesOf(const std::vector<int>& pieces_of) {
  std::vector<Piece> pieces;
  for (size_t chunk = 0; chunk < pieces_of.size(); ++chunk) {
    for (int i = 0; i < pieces_of[chunk]; ++i) {
      const auto ordinal = static_cast<int64_t>(pieces.size());
      pieces.push_back({.chunk = chunk, .first_ordinal = ordinal, .end_ordinal = ordinal + 1});
    }
  }
  return pieces;
}

WrittenFiles RowsOf(const Piece& piece) {
  WrittenFiles files;
  files.rows = piece.num_rows();
  return files;
}

const std::atomic<bool> kPlenty{false};  // memory is not short

TEST(ChunkQueue, GivesChunksInOrderWithAllTheirPieces) {
  const std::vector<int> sizes = {3, 1, 7, 1, 1, 2};
  const std::vector<Piece> pieces = PiecesOf(sizes);
  for (const int lanes : {1, 2, 5}) {
    const StopSignal stop{0};
    ChunkQueue queue(
        pieces, lanes, [](const Piece& piece) { return RowsOf(piece); }, stop, kPlenty);
    for (const int size : sizes) {
      const auto files = queue.Next().ValueOrDie();
      ASSERT_TRUE(files);
      EXPECT_EQ(files->rows, size);
    }
    EXPECT_FALSE(queue.Next().ValueOrDie());
  }
}

TEST(ChunkQueue, NoChunkIsBegunTooFarAhead) {
  constexpr int kLanes = 3;
  const std::vector<Piece> pieces = PiecesOf(std::vector<int>(20, 2));
  const StopSignal stop{0};
  std::atomic<size_t> returned{0};
  std::atomic<bool> is_too_far{false};
  ChunkQueue queue(
      pieces, kLanes,
      [&](const Piece& piece) -> Result<WrittenFiles> {
        // `returned` may be behind by the one that Next is about to return.
        if (piece.chunk > returned.load() + kLanes) is_too_far = true;
        return RowsOf(piece);
      },
      stop, kPlenty);
  for (int chunk = 0; chunk < 20; ++chunk) {
    ASSERT_TRUE(queue.Next().ValueOrDie());
    ++returned;
  }
  EXPECT_FALSE(is_too_far);
}

// From when Next has returned a chunk until it is called again, its caller commits that chunk. The
// next one is begun in that time: this test waits for it, and does not end where it is not.
TEST(ChunkQueue, TheNextChunkIsBegunWhileOneIsCommitted) {
  constexpr size_t kChunks = 6;
  const std::vector<Piece> pieces = PiecesOf(std::vector<int>(kChunks, 2));
  for (const int lanes : {1, 3}) {
    const StopSignal stop{0};
    std::atomic<int64_t> begun{-1};  // the last chunk whose work was handed out
    ChunkQueue queue(
        pieces, lanes,
        [&](const Piece& piece) -> Result<WrittenFiles> {
          const auto chunk = static_cast<int64_t>(piece.chunk);
          int64_t last = begun;
          while (last < chunk && !begun.compare_exchange_weak(last, chunk)) {
          }
          begun.notify_all();
          return RowsOf(piece);
        },
        stop, kPlenty);
    for (size_t chunk = 0; chunk < kChunks; ++chunk) {
      ASSERT_TRUE(queue.Next().ValueOrDie());
      // As many chunks as there are lanes, where there are so many.
      const auto expected =
          static_cast<int64_t>(std::min(chunk + static_cast<size_t>(lanes), kChunks - 1));
      for (int64_t last = begun; last < expected; last = begun) begun.wait(last);
    }
    EXPECT_FALSE(queue.Next().ValueOrDie());
  }
}

TEST(ChunkQueue, AFailureEndsItsChunkAndNotThoseBefore) {
  const std::vector<Piece> pieces = PiecesOf({2, 2, 3, 2});
  const StopSignal stop{0};
  for (const int lanes : {1, 2, 4}) {
    ChunkQueue queue(
        pieces, lanes,
        [](const Piece& piece) -> Result<WrittenFiles> {
          if (piece.first_ordinal == 5) return Status::Invalid("the second of chunk 2");
          return RowsOf(piece);
        },
        stop, kPlenty);
    EXPECT_TRUE(queue.Next().ValueOrDie());
    EXPECT_TRUE(queue.Next().ValueOrDie());
    const auto failed = queue.Next();
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.status().message(), "the second of chunk 2");
  }
}

// A stop lets the chunks that are begun end, whole, and begins no other.
TEST(ChunkQueue, AStopEndsAtAChunk) {
  const std::vector<Piece> pieces = PiecesOf(std::vector<int>(50, 3));
  for (const int lanes : {1, 4}) {
    StopSignal stop{0};
    ChunkQueue queue(
        pieces, lanes,
        [&](const Piece& piece) -> Result<WrittenFiles> {
          if (piece.first_ordinal == 10) stop = kStopAfterChunk;
          return RowsOf(piece);
        },
        stop, kPlenty);
    int chunks = 0;
    while (const auto files = queue.Next().ValueOrDie()) {
      EXPECT_EQ(files->rows, 3);
      ++chunks;
    }
    EXPECT_GE(chunks, 4);
    EXPECT_LE(chunks, 4 + lanes);
  }
}

TEST(ChunkQueue, LanesWorkAtTheSameTime) {
  const std::vector<Piece> pieces = PiecesOf({2});
  const StopSignal stop{0};
  std::atomic<int> inside{0};
  ChunkQueue queue(
      pieces, 2,
      [&](const Piece& piece) -> Result<WrittenFiles> {
        ++inside;
        while (inside.load() < 2) std::this_thread::yield();  // ends only if both get here
        return RowsOf(piece);
      },
      stop, kPlenty);
  EXPECT_EQ(queue.Next().ValueOrDie()->rows, 2);
}

// Two lanes and two pieces that would wait for each other: where memory is short the second is not
// begun before the first has ended; and it is begun once there is plenty again.
TEST(ChunkQueue, OneLaneWorksWhileMemoryIsShort) {
  const std::vector<Piece> pieces = PiecesOf({2, 2});
  const StopSignal stop{0};
  std::atomic<bool> is_short{true};
  std::atomic<int> inside{0};
  std::atomic<int> most_inside{0};
  ChunkQueue queue(
      pieces, 2,
      [&](const Piece& piece) -> Result<WrittenFiles> {
        const int now = ++inside;
        if (now > most_inside) most_inside = now;
        if (piece.chunk == 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        } else {
          while (most_inside < 2) std::this_thread::yield();  // ends only if both get here
        }
        --inside;
        return RowsOf(piece);
      },
      stop, is_short);
  EXPECT_EQ(queue.Next().ValueOrDie()->rows, 2);
  EXPECT_EQ(most_inside, 1);
  is_short = false;
  EXPECT_EQ(queue.Next().ValueOrDie()->rows, 2);
}

}  // namespace
}  // namespace spillway::pipeline
