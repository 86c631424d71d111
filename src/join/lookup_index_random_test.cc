// Random joins of every key type against the naive model, the payload against arrow::compute::Take.
#include <fmt/format.h>

#include "join/join_random_cases.h"

namespace spillway::join {
namespace {

// Joins `c` in runs of at most `most` rows; compares source rows and every payload column.
void CompareWithModel(const Case& c, int64_t most, Random& random, arrow::MemoryPool* pool) {
  const auto keys = std::vector<int>{0, 1, 2};
  const auto reader = ReaderOf(CutAtRandom(c.lookup, random), c.lookup->schema());
  const BuildOptions options{.name = "random",
                             .key_columns = {keys.begin(), keys.begin() + c.key_parts},
                             .duplicates = c.duplicates,
                             .order_column = c.order_column,
                             .expected_rows = Below(random, 2) == 0 ? 0 : c.lookup->num_rows(),
                             .threads = 1 + static_cast<int>(Below(random, 3)),
                             .pool = pool};
  const auto index = LookupIndex::Build(*reader, options).ValueOrDie();
  const Pairs pairs = c.NaivePairs();

  auto prober = index->Probe(c.source_keys, c.type, pool).ValueOrDie();
  size_t done = 0;
  while (!prober->done()) {
    const Matches matches = prober->Next(most).ValueOrDie();
    ASSERT_GT(matches.num_rows(), 0);
    ASSERT_LE(matches.num_rows(), most);
    ASSERT_LE(done + static_cast<size_t>(matches.num_rows()), pairs.size());
    const auto begin = pairs.begin() + static_cast<int64_t>(done);
    const Pairs run(begin, begin + matches.num_rows());
    ASSERT_EQ(matches.one_to_one, matches.source_rows == nullptr);
    for (int64_t i = 0; i < matches.num_rows(); ++i) {
      const int64_t source_row =
          matches.one_to_one ? matches.first_source_row + i : matches.source_rows->Value(i);
      ASSERT_EQ(source_row, run[static_cast<size_t>(i)].first);
    }
    const auto payload = index->Gather(matches, pool).ValueOrDie();
    ASSERT_EQ(static_cast<int64_t>(payload.size()), c.payload_columns());
    for (size_t i = 0; i < payload.size(); ++i) {
      const auto& column = *c.lookup->column(static_cast<int>(i) + static_cast<int>(c.key_parts));
      ASSERT_TRUE(payload[i]->ValidateFull().ok()) << payload[i]->ValidateFull();
      const auto expected = ExpectedColumn(column, run);
      ASSERT_TRUE(payload[i]->Equals(*expected, arrow::EqualOptions().nans_equal(true)))
          << "column " << i << " of type " << column.type()->ToString() << "\nis "
          << payload[i]->ToString() << "\nnot " << expected->ToString();
    }
    done += static_cast<size_t>(matches.num_rows());
  }
  ASSERT_EQ(done, pairs.size());
}

TEST(LookupIndexRandomTest, EqualsTheNaiveModel) {
  for (uint64_t seed = 1; seed <= 250; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    StrictPool pool;
    const Case c = RandomCase(random);
    constexpr int64_t kMost[] = {1, 3, 64, 1000, int64_t{1} << 40};
    CompareWithModel(c, kMost[Below(random, 5)], random, &pool);
    ASSERT_EQ(pool.bytes_allocated(), 0);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace spillway::join
