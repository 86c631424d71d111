// Random joins out of core, of every key type, cut every way, against the naive model; the payload
// against arrow::compute::Take. Tiny blocks, partitions and buckets force many of each, passes over
// partitions, and buckets that are split or come in parts.
#include <fmt/format.h>

#include "join/external_join_test_data.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

ExternalJoinSizes RandomSizes(int64_t lookup_rows, Random& random) {
  // One byte means a pass for each row, which is slow.
  const int64_t kBytes[] = {lookup_rows > 100 ? 800 : 1, 1000, 5000, 100'000, int64_t{1} << 40};
  return {.lanes = static_cast<int>(1 + Below(random, 3)),
          .partition_bits = static_cast<int>(Below(random, 5)),
          .bucket_bits = static_cast<int>(1 + Below(random, 11)),
          .build_block_bytes = 4096,
          .probe_block_bytes = 4096,
          .match_block_bytes = 4096 * (1 + Below(random, 2)),
          .write_bytes = Below(random, 100'000),
          .join_bytes = kBytes[Below(random, 5)],
          .bucket_bytes = kBytes[Below(random, 5)],
          .resident_bytes = Below(random, 2) == 0 ? 0 : kBytes[1 + Below(random, 4)]};
}

// Compares the output rows of the batch that begins at `first` of the source with `pairs` from
// `*done` on, which moves on.
void CompareBatch(const Case& c, const Pairs& pairs, int64_t first, int64_t most,
                  PieceMatcher* matcher, size_t* done) {
  while (!matcher->done()) {
    const MatchedRows rows = matcher->Next(most).ValueOrDie();
    ASSERT_GT(rows.num_rows, 0);
    ASSERT_LE(rows.num_rows, most);
    ASSERT_LE(*done + static_cast<size_t>(rows.num_rows), pairs.size());
    const auto begin = pairs.begin() + static_cast<int64_t>(*done);
    const Pairs run(begin, begin + rows.num_rows);
    ASSERT_EQ(rows.one_to_one, rows.source_rows == nullptr);
    int64_t unmatched = 0;
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      const int64_t source_row =
          rows.one_to_one ? rows.first_source_row + i : rows.source_rows->Value(i);
      ASSERT_EQ(first + source_row, run[static_cast<size_t>(i)].first);
      unmatched += run[static_cast<size_t>(i)].second < 0 ? 1 : 0;
    }
    ASSERT_EQ(rows.unmatched, unmatched);
    ASSERT_EQ(static_cast<int64_t>(rows.payload.size()), c.payload_columns());
    for (size_t i = 0; i < rows.payload.size(); ++i) {
      const auto& column = *c.lookup->column(static_cast<int>(i) + static_cast<int>(c.key_parts));
      ASSERT_TRUE(rows.payload[i]->ValidateFull().ok()) << rows.payload[i]->ValidateFull();
      const auto expected = ExpectedColumn(column, run);
      ASSERT_TRUE(rows.payload[i]->Equals(*expected, arrow::EqualOptions().nans_equal(true)))
          << "column " << i << " of type " << column.type()->ToString() << "\nis "
          << rows.payload[i]->ToString() << "\nnot " << expected->ToString();
    }
    *done += static_cast<size_t>(rows.num_rows);
  }
}

// Whether a source row of [first, first + rows) has two matches.
bool HasMultiple(const Pairs& pairs, int64_t first, int64_t rows) {
  for (size_t i = 1; i < pairs.size(); ++i) {
    if (pairs[i].first == pairs[i - 1].first && pairs[i].first >= first &&
        pairs[i].first < first + rows) {
      return true;
    }
  }
  return false;
}

void ReadPieces(const Case& c, const Pairs& pairs, const PieceRows& pieces, int64_t most,
                ExternalJoin* join, Random& random, arrow::MemoryPool* pool) {
  const auto matcher = join->MakeMatcher(c.type, pool);
  size_t done = 0;
  int64_t first = 0;
  for (size_t piece = 0; piece < pieces.size(); ++piece) {
    const auto number = static_cast<int64_t>(piece);
    const size_t done_before = done;
    // A piece may be read again before it is released.
    for (int round = Below(random, 5) == 0 ? 2 : 1; round > 0; --round) {
      done = done_before;
      ASSERT_TRUE(matcher->StartPiece(number).ok());
      for (int64_t row = 0; row < pieces[piece];) {
        const int64_t rows = std::min(pieces[piece] - row, 1 + Below(random, 300));
        const Status started = matcher->Start(SliceAll(c.source_keys, first + row, rows));
        ASSERT_TRUE(started.ok()) << started.ToString();
        ASSERT_NO_FATAL_FAILURE(CompareBatch(c, pairs, first + row, most, matcher.get(), &done));
        row += rows;
      }
    }
    ASSERT_EQ(join->PieceRows(number), pieces[piece]);
    if (HasMultiple(pairs, first, pieces[piece])) {
      ASSERT_FALSE(join->IsUnique(number));
    }
    join->ReleasePiece(number);
    first += pieces[piece];
  }
  ASSERT_EQ(done, pairs.size());
}

void CompareWithModel(const Case& c, const ExternalJoinSizes& sizes,
                      spill::SpillDirectory* directory, Random& random, arrow::MemoryPool* pool) {
  constexpr int64_t kLongest[] = {1, 20, 500, 5000};
  constexpr int64_t kMost[] = {1, 3, 64, 1000, int64_t{1} << 40};
  constexpr uint64_t kMasks[] = {~uint64_t{0}, 0, 0x3'0000'0100, 0x7FF'0000'0F00};
  const PieceRows pieces =
      CutIntoPieces(c.source_keys[0]->length(), kLongest[Below(random, 4)], random);
  std::vector<int> key_columns;
  for (int i = 0; i < c.key_parts; ++i) key_columns.push_back(i);
  const auto join = ExternalJoin::Make({.name = "random",
                                        .lookup_schema = c.lookup->schema(),
                                        .key_columns = key_columns,
                                        .duplicates = c.duplicates,
                                        .order_column = c.order_column,
                                        .pieces = static_cast<int64_t>(pieces.size()),
                                        .sizes = sizes,
                                        .compress = Below(random, 2) == 0,
                                        .directory = directory,
                                        .pool = pool,
                                        .hash_mask = kMasks[Below(random, 4)]})
                        .ValueOrDie();
  ASSERT_TRUE(BuildFrom(join.get(), *c.lookup, sizes.lanes, random).ok());
  ASSERT_TRUE(ProbeFrom(join.get(), c.source_keys, pieces, sizes.lanes, random).ok());
  const Status joined = JoinAll(join.get(), sizes.lanes, random);
  ASSERT_TRUE(joined.ok()) << joined.ToString();

  ReadPieces(c, c.NaivePairs(), pieces, kMost[Below(random, 5)], join.get(), random, pool);
}

TEST(ExternalJoinRandomTest, EqualsTheNaiveModel) {
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    StrictPool pool;
    const Case c = RandomCase(random);
    const ExternalJoinSizes sizes = RandomSizes(c.lookup->num_rows(), random);
    CompareWithModel(c, sizes, directory.get(), random, &pool);
    ASSERT_EQ(pool.bytes_allocated(), 0);
    if (HasFatalFailure()) return;
    ASSERT_EQ(base.CountEntries(), 2);  // the folder and its lock
  }
}

}  // namespace
}  // namespace spillway::join
