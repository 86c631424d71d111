#include "pipeline/chunk.h"

#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "pipeline/chunk_size.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

// Files of row groups of so many rows each.
std::vector<PinnedFile> FilesOf(const std::vector<std::vector<int64_t>>& row_groups) {
  std::vector<PinnedFile> files;
  int64_t ordinal = 0;
  for (const std::vector<int64_t>& groups : row_groups) {
    PinnedFile file{.first_ordinal = ordinal};
    for (const int64_t rows : groups) {
      file.row_groups.push_back({.first_row = file.num_rows, .num_rows = rows});
      file.num_rows += rows;
    }
    ordinal += file.num_rows;
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<int64_t> EndsOf(const std::vector<Chunk>& chunks) {
  std::vector<int64_t> ends;
  for (const Chunk& chunk : chunks) ends.push_back(chunk.end_ordinal);
  return ends;
}

using Ends = std::vector<int64_t>;

// Cuts all rows from `first` on.
std::vector<Chunk> CutAll(const std::vector<PinnedFile>& files, int64_t first, int64_t rows) {
  return CutChunks(files, {}, first, files.empty() ? 0 : files.back().end_ordinal(), rows);
}

TEST(CutChunks, NothingToCut) {
  EXPECT_TRUE(CutAll({}, 0, 10).empty());
  EXPECT_TRUE(CutAll(FilesOf({{}, {}}), 0, 10).empty());
  EXPECT_TRUE(CutAll(FilesOf({{100}}), 100, 10).empty());
  EXPECT_TRUE(CutAll(FilesOf({{100}}), 101, 10).empty());
}

TEST(CutChunks, EndsWithTheRowGroupUpToThreeTimesTheSize) {
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{200, 200}, {200}}), 0, 100)), (Ends{200, 400, 600}));
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{300, 300}}), 0, 100)), (Ends{300, 600}));
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{1000}}), 0, 334)), (Ends{1000}));
}

TEST(CutChunks, CutsALongerRowGroupExactly) {
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{301}}), 0, 100)), (Ends{100, 200, 301}));
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{1000}}), 0, 300)), (Ends{300, 600, 900, 1000}));
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{1000}}), 0, 200)), (Ends{200, 400, 600, 800, 1000}));
}

// 10 + 295 rows are more than three times 100: the 295 go whole into a chunk of their own.
TEST(CutChunks, LeavesARowGroupThatDoesNotFitToTheNextChunk) {
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{10, 295}}), 0, 100)), (Ends{10, 305}));
  // A row group that fits no chunk is cut, and not the one before it.
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{10, 900}}), 0, 100)).front(), 100);
}

TEST(CutChunks, SnapsToTheNearestEndWithinAQuarter) {
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{90, 30, 500}}), 0, 100)).front(), 90);
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{80, 35, 500}}), 0, 100)).front(), 115);
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{75, 500}}), 0, 100)).front(), 75);
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{125, 500}}), 0, 100)).front(), 125);
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{74, 500}}), 0, 100)).front(), 100);
  // A file ends where its last row group does.
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{90}, {}, {500}}), 0, 100)).front(), 90);
}

TEST(CutChunks, StartsBehindWhatIsCommitted) {
  const auto chunks = CutAll(FilesOf({{100, 100}, {100}}), 130, 100);
  EXPECT_EQ(chunks.front().first_ordinal, 130);
  EXPECT_EQ(EndsOf(chunks), (Ends{300}));
}

TEST(CutChunks, ExtremeSizes) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{5, 5}}), 3, kLargest)), (Ends{10}));
  EXPECT_EQ(EndsOf(CutAll(FilesOf({{4, 1}}), 0, 1)), (Ends{1, 2, 3, 4, 5}));
}

TEST(HalfChunkRows, ChunksBecomeShorterWhereverRowGroupsEnd) {
  const auto lengths = [](const std::vector<std::vector<int64_t>>& groups, int64_t rows) {
    const auto files = FilesOf(groups);
    std::vector<int64_t> longest;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto chunks = CutAll(files, 0, rows);
      longest.push_back(std::ranges::max(chunks, {}, &Chunk::num_rows).num_rows());
      rows = HalfChunkRows(files, {}, chunks, rows);
    }
    return longest;
  };
  EXPECT_EQ(lengths({{1000}}, 200), (Ends{200, 100, 50}));
  EXPECT_EQ(lengths({{10, 10, 10, 10}, {10, 10, 10, 10}}, 40), (Ends{40, 20, 10}));
  EXPECT_EQ(lengths({{200, 200}}, 100), (Ends{200, 50, 25}));
  // 50 would give 120 again.
  EXPECT_EQ(lengths({{120, 120}}, 100), (Ends{120, 20, 10}));
}

TEST(HalfChunkRows, HasAFloorAndNothingLeft) {
  EXPECT_EQ(HalfChunkRows({}, {}, {}, 1), 1);
  EXPECT_EQ(HalfChunkRows({}, {}, {}, 9), 4);
}

// As CutAll, of files whose row groups with `left_out` rows are left out.
std::vector<Chunk> CutWithout(int64_t left_out, std::vector<PinnedFile> files, int64_t rows) {
  LeftOutRows without;
  for (PinnedFile& file : files) {
    for (PinnedRowGroup& group : file.row_groups) {
      group.left_out = group.num_rows == left_out;
      const int64_t first = file.first_ordinal + group.first_row;
      if (group.left_out) without.Add(first, first + group.num_rows);
    }
  }
  return CutChunks(files, without, 0, files.back().end_ordinal(), rows);
}

TEST(CutChunks, RowsThatAreLeftOutDoNotCount) {
  const auto chunks = CutWithout(999, FilesOf({{999, 100}, {999, 999}, {100, 999}}), 100);
  ASSERT_EQ(EndsOf(chunks), (Ends{1099, 4196}));
  EXPECT_EQ(chunks[0].num_rows(), 100);
  EXPECT_EQ(chunks[1].num_rows(), 100);
  EXPECT_EQ(chunks[1].left_out_rows, 2997);
}

TEST(CutChunks, WhereAllRowsAreLeftOutThereIsOneChunk) {
  const auto chunks = CutWithout(999, FilesOf({{999}, {999, 999}}), 100);
  ASSERT_EQ(EndsOf(chunks), (Ends{2997}));
  EXPECT_EQ(chunks[0].num_rows(), 0);
}

TEST(CutKeyChunks, TheLastChunkEndsWithTheSource) {
  const auto ends = [](int64_t first, int64_t rows, int64_t end, int64_t chunk_rows) {
    std::vector<int64_t> found;
    int64_t next = first;
    for (const Chunk& chunk : CutKeyChunks(first, rows, end, chunk_rows)) {
      EXPECT_EQ(chunk.first_ordinal, next);
      next = chunk.end_ordinal;
      found.push_back(next);
    }
    return found;
  };
  EXPECT_EQ(ends(0, 100, 120, 40), (std::vector<int64_t>{40, 80, 120}));
  EXPECT_EQ(ends(0, 80, 120, 40), (std::vector<int64_t>{40, 120}));
  EXPECT_EQ(ends(40, 100, 120, 17), (std::vector<int64_t>{57, 74, 91, 120}));
  EXPECT_EQ(ends(0, 100, 100, 1000), (std::vector<int64_t>{100}));
  EXPECT_EQ(ends(0, 0, 0, 10), (std::vector<int64_t>{0}));
  EXPECT_EQ(ends(0, 0, 50, 10), (std::vector<int64_t>{50}));  // all deleted
}

TEST(CutChunks, CoversEveryRowOnceWhateverTheFilesAre) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::vector<int64_t>> groups(random() % 6);
    std::set<int64_t> ends;
    int64_t total = 0;
    for (auto& file : groups) {
      file.resize(random() % 5);
      for (int64_t& rows : file) {
        rows = static_cast<int64_t>(random() % 50);
        total += rows;
        ends.insert(total);
      }
    }
    const int64_t start =
        static_cast<int64_t>(random() % static_cast<uint64_t>(std::max<int64_t>(total, 1)));
    const int64_t chunk_rows = 1 + static_cast<int64_t>(random() % 80);
    int64_t next = start;
    for (const Chunk& chunk : CutAll(FilesOf(groups), start, chunk_rows)) {
      ASSERT_EQ(chunk.first_ordinal, next);
      ASSERT_GT(chunk.num_rows(), 0);
      next = chunk.end_ordinal;
      if (next == total) break;
      ASSERT_LE(chunk.num_rows(), 3 * chunk_rows);
      if (ends.contains(next)) continue;
      // The row group there is longer than any chunk, or was begun by another one.
      ASSERT_EQ(chunk.num_rows(), chunk_rows);
      const auto after = ends.upper_bound(next);
      const int64_t begin = after == ends.begin() ? 0 : *std::prev(after);
      ASSERT_TRUE(*after - begin > 3 * chunk_rows || begin < chunk.first_ordinal);
    }
    ASSERT_EQ(next, std::max(start, total));
  }
}

TEST(ChunkTest, RowsBeforeTheEndAlone) {
  const std::vector<PinnedFile> files = FilesOf({{100, 100}});
  EXPECT_EQ(EndsOf(CutChunks(files, {}, 0, 150, 100)), (Ends{100, 150}));
  // The end of the row group is near, but behind the rows.
  EXPECT_EQ(EndsOf(CutChunks(files, {}, 0, 95, 100)), (Ends{95}));
  EXPECT_TRUE(CutChunks(files, {}, 95, 95, 100).empty());
}

}  // namespace
}  // namespace spillway::pipeline
