// A lookup in memory and one out of core answer alike, through the interface that a stage sees.
#include "join/matcher.h"

#include <fmt/format.h>

#include "join/external_join_test_data.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

// All output rows of the source, and its source rows.
struct Output {
  std::vector<int64_t> source_rows;
  std::vector<arrow::ArrayVector> payload;  // of each column, the runs
};

void ReadInto(Matcher* matcher, const arrow::ArrayVector& keys, int64_t most, Output* output) {
  output->payload.resize(static_cast<size_t>(matcher->payload_schema()->num_fields()));
  for (int64_t first = 0; first < keys[0]->length(); first += 137) {
    const int64_t rows = std::min<int64_t>(137, keys[0]->length() - first);
    ASSERT_TRUE(matcher->Start(SliceAll(keys, first, rows)).ok());
    while (!matcher->done()) {
      const MatchedRows matched = matcher->Next(most).ValueOrDie();
      for (int64_t i = 0; i < matched.num_rows; ++i) {
        output->source_rows.push_back(first + (matched.one_to_one ? matched.first_source_row + i
                                                                  : matched.source_rows->Value(i)));
      }
      for (size_t i = 0; i < matched.payload.size(); ++i) {
        output->payload[i].push_back(matched.payload[i]);
      }
    }
  }
}

TEST(MatcherTest, BothKindsAnswerAlike) {
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (uint64_t seed = 1001; seed <= 1040; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Case c = RandomCase(random);
    StrictPool pool;
    std::vector<int> key_columns;
    for (int i = 0; i < c.key_parts; ++i) key_columns.push_back(i);
    const auto index = BuildOf(c.lookup, key_columns, &pool, c.duplicates).ValueOrDie();
    const auto in_memory = MakeIndexMatcher(*index, c.type, &pool);

    const int64_t rows = c.source_keys[0]->length();
    const auto join = ExternalJoin::Make({.name = "p",
                                          .lookup_schema = c.lookup->schema(),
                                          .key_columns = key_columns,
                                          .duplicates = c.duplicates,
                                          .pieces = 1,
                                          .sizes = {.lanes = 1,
                                                    .partition_bits = 2,
                                                    .bucket_bits = 6,
                                                    .build_block_bytes = 4096,
                                                    .probe_block_bytes = 4096,
                                                    .match_block_bytes = 4096,
                                                    .write_bytes = 8192,
                                                    .join_bytes = 20'000,
                                                    .bucket_bytes = 20'000},
                                          .directory = directory.get(),
                                          .pool = &pool})
                          .ValueOrDie();
    ASSERT_TRUE(BuildFrom(join.get(), *c.lookup, 1, random).ok());
    ASSERT_TRUE(ProbeFrom(join.get(), c.source_keys, {rows}, 1, random).ok());
    ASSERT_TRUE(JoinAll(join.get(), 1, random).ok());
    const auto out_of_core = join->MakeMatcher(c.type, &pool);
    ASSERT_TRUE(out_of_core->StartPiece(0).ok());

    ASSERT_TRUE(in_memory->payload_schema()->Equals(*out_of_core->payload_schema()));
    if (!in_memory->unique()) {
      EXPECT_TRUE(c.duplicates == DuplicatePolicy::kExpand);
    }
    Output expected;
    Output output;
    ReadInto(in_memory.get(), c.source_keys, 50, &expected);
    ReadInto(out_of_core.get(), c.source_keys, 70, &output);
    ASSERT_EQ(output.source_rows, expected.source_rows);
    for (size_t i = 0; i < expected.payload.size(); ++i) {
      const arrow::ChunkedArray left(expected.payload[i],
                                     index->payload_schema()->field(static_cast<int>(i))->type());
      const arrow::ChunkedArray right(output.payload[i], left.type());
      ASSERT_TRUE(left.Equals(right, arrow::EqualOptions().nans_equal(true))) << "column " << i;
    }
  }
}

}  // namespace
}  // namespace spillway::join
