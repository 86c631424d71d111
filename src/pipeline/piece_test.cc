#include "pipeline/piece.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

struct Layout {
  std::vector<PinnedFile> files;
  SplicePlan splice;
};

Layout RandomLayout(std::mt19937_64& engine) {
  const auto draw = [&engine](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(engine);
  };
  Layout layout;
  int64_t ordinal = 0;
  for (int64_t i = draw(1, 5); i > 0; --i) {
    PinnedFile file{.first_ordinal = ordinal};
    FileSplice splice;
    for (int64_t group = draw(0, 4); group > 0; --group) {
      const int64_t rows = draw(1, 30);
      file.row_groups.push_back(
          {.first_row = file.num_rows, .num_rows = rows, .compressed_bytes = 10 * rows});
      file.num_rows += rows;
      splice.splices.push_back(draw(0, 3) > 0);
    }
    ordinal += file.num_rows;
    layout.files.push_back(std::move(file));
    layout.splice.files.push_back(std::move(splice));
  }
  return layout;
}

// Row groups that chunks cut do not splice.
void DecodeWhatIsCut(const std::vector<Chunk>& chunks, Layout* layout) {
  for (size_t i = 0; i < layout->files.size(); ++i) {
    const PinnedFile& file = layout->files[i];
    for (size_t group = 0; group < file.row_groups.size(); ++group) {
      const int64_t begin = file.first_ordinal + file.row_groups[group].first_row;
      const int64_t end = begin + file.row_groups[group].num_rows;
      const bool is_cut = std::ranges::any_of(chunks, [begin, end](const Chunk& chunk) {
        return begin < chunk.end_ordinal && chunk.end_ordinal < end;
      });
      if (is_cut) layout->splice.files[i].splices[group] = false;
    }
  }
}

// The row group that begins at `ordinal`, if one does and splices; its file and its end.
struct SplicedGroup {
  size_t file;
  int64_t end;
};
std::optional<SplicedGroup> SplicedGroupAt(const Layout& layout, int64_t ordinal) {
  for (size_t i = 0; i < layout.files.size(); ++i) {
    const PinnedFile& file = layout.files[i];
    for (size_t group = 0; group < file.row_groups.size(); ++group) {
      const PinnedRowGroup& facts = file.row_groups[group];
      if (file.first_ordinal + facts.first_row != ordinal) continue;
      if (!layout.splice.files[i].splices[group]) return std::nullopt;
      return SplicedGroup{i, ordinal + facts.num_rows};
    }
  }
  return std::nullopt;
}

// Every spliced piece is whole row groups of one file that splice.
void ExpectWholeRowGroups(const Layout& layout, const Piece& piece) {
  std::optional<size_t> file;
  for (int64_t ordinal = piece.first_ordinal; ordinal < piece.end_ordinal;) {
    const auto group = SplicedGroupAt(layout, ordinal);
    ASSERT_TRUE(group);
    EXPECT_EQ(file.value_or(group->file), group->file);
    file = group->file;
    ordinal = group->end;
    ASSERT_LE(ordinal, piece.end_ordinal);
  }
}

TEST(CutPieces, TileTheChunksAndSpliceWholeRowGroups) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 engine(seed);
  for (int round = 0; round < 300; ++round) {
    Layout layout = RandomLayout(engine);
    const auto chunk_rows = std::uniform_int_distribution<int64_t>(1, 60)(engine);
    const auto piece_bytes = std::uniform_int_distribution<int64_t>(1, 600)(engine);
    const std::vector<Chunk> chunks =
        CutChunks(layout.files, {}, 0, layout.files.back().end_ordinal(), chunk_rows);
    DecodeWhatIsCut(chunks, &layout);
    const std::vector<Piece> pieces = CutPieces(chunks, layout.files, layout.splice, piece_bytes);
    int64_t ordinal = 0;
    for (const Piece& piece : pieces) {
      EXPECT_EQ(piece.first_ordinal, ordinal);
      ordinal = piece.end_ordinal;
      const Chunk& chunk = chunks[piece.chunk];
      EXPECT_GE(piece.first_ordinal, chunk.first_ordinal);
      EXPECT_LE(piece.end_ordinal, chunk.end_ordinal);
      EXPECT_GT(piece.num_rows(), 0);
      if (piece.spliced) ExpectWholeRowGroups(layout, piece);
    }
    EXPECT_EQ(ordinal, chunks.empty() ? 0 : chunks.back().end_ordinal);
  }
}

TEST(CutPieces, AChunkWithoutRowsHasAPiece) {
  const std::vector<Piece> pieces = CutPieces({{.first_ordinal = 0, .end_ordinal = 0}}, {}, {}, 1);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].num_rows(), 0);
}

}  // namespace
}  // namespace spillway::pipeline
