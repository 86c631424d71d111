// A lookup in memory and one out of core answer alike, through the interface that a stage sees.
#include "join/matcher.h"

#include <fmt/format.h>

#include "join/external_join_test_data.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

// Refuses every third block while it is told to.
class RefusingPool : public arrow::ProxyMemoryPool {
 public:
  using MemoryPool::Allocate;
  using ProxyMemoryPool::ProxyMemoryPool;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (refuses && ++blocks_ % 3 == 0) return Status::OutOfMemory("refused");
    return ProxyMemoryPool::Allocate(size, alignment, out);
  }

  bool refuses = false;

 private:
  int blocks_ = 0;
};

// The next rows; where the pool refuses, as many fewer as it takes. Fails where the matcher cannot
// go on.
Result<MatchedRows> NextOf(Matcher* matcher, int64_t most, RefusingPool* pool) {
  pool->refuses = true;
  Result<MatchedRows> rows = matcher->Next(most);
  while (!rows.ok() && !matcher->done()) {
    EXPECT_TRUE(rows.status().IsOutOfMemory()) << rows.status().ToString();
    most = std::max<int64_t>(most / 2, 1);
    pool->refuses = most > 1;
    rows = matcher->Next(most);
  }
  pool->refuses = false;
  return rows;
}

// All output rows of the source, and its source rows.
struct Output {
  std::vector<int64_t> source_rows;
  std::vector<arrow::ArrayVector> payload;  // of each column, the runs
};

Status ReadInto(Matcher* matcher, const arrow::ArrayVector& keys, int64_t most, RefusingPool* pool,
                Output* output) {
  output->payload.resize(static_cast<size_t>(matcher->payload_schema()->num_fields()));
  for (int64_t first = 0; first < keys[0]->length(); first += 137) {
    const int64_t rows = std::min<int64_t>(137, keys[0]->length() - first);
    ARROW_RETURN_NOT_OK(matcher->Start(SliceAll(keys, first, rows)));
    while (!matcher->done()) {
      ARROW_ASSIGN_OR_RAISE(const MatchedRows matched, NextOf(matcher, most, pool));
      for (int64_t i = 0; i < matched.num_rows; ++i) {
        output->source_rows.push_back(first + (matched.one_to_one ? matched.first_source_row + i
                                                                  : matched.source_rows->Value(i)));
      }
      for (size_t i = 0; i < matched.payload.size(); ++i) {
        output->payload[i].push_back(matched.payload[i]);
      }
    }
  }
  return Status::OK();
}

TEST(MatcherTest, BothKindsAnswerAlike) {
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  int compared = 0;
  for (uint64_t seed = 1001; seed <= 1040; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    const Case c = RandomCase(random);
    StrictPool pool;
    std::vector<int> key_columns;
    for (int i = 0; i < c.key_parts; ++i) key_columns.push_back(i);
    const auto index = BuildOf(c.lookup, key_columns, &pool, c.duplicates).ValueOrDie();
    RefusingPool refusing(&pool);
    const auto in_memory = MakeIndexMatcher(*index, c.type, &refusing);

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
    const auto out_of_core = join->MakeMatcher(c.type, &refusing);
    ASSERT_TRUE(out_of_core->StartPiece(0).ok());

    ASSERT_TRUE(in_memory->payload_schema()->Equals(*out_of_core->payload_schema()));
    if (!in_memory->unique()) {
      EXPECT_TRUE(c.duplicates == DuplicatePolicy::kExpand);
    }
    Output expected;
    Output output;
    ASSERT_TRUE(ReadInto(in_memory.get(), c.source_keys, 50, &refusing, &expected).ok());
    if (!ReadInto(out_of_core.get(), c.source_keys, 70, &refusing, &output).ok()) continue;
    ++compared;
    ASSERT_EQ(output.source_rows, expected.source_rows);
    for (size_t i = 0; i < expected.payload.size(); ++i) {
      const arrow::ChunkedArray left(expected.payload[i],
                                     index->payload_schema()->field(static_cast<int>(i))->type());
      const arrow::ChunkedArray right(output.payload[i], left.type());
      ASSERT_TRUE(left.Equals(right, arrow::EqualOptions().nans_equal(true))) << "column " << i;
    }
  }
  EXPECT_GE(compared, 20);  // in the others no memory was left for the rows behind those given out
}

}  // namespace
}  // namespace spillway::join
