// Which lookups the plan joins out of core although their indexes would fit.
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class JoinChoiceTest : public test::PipelineTest {
 protected:
  JoinChoiceTest() { smallest_splice_bytes_ = 0; }

  // A table of keys from 0 to `rows`, with a text of `width` bytes beside each.
  void MakeTable(const std::string& name, int64_t rows, size_t width) {
    std::string json = "[";
    for (int64_t row = 0; row < rows; ++row) {
      json += fmt::format(R"({}{{"{}k": {}, "{}t": "{}"}})", row == 0 ? "" : ",", name, row, name,
                          std::string(width, static_cast<char>('a' + row % 26)));
    }
    const auto schema = arrow::schema(
        {arrow::field(name + "k", arrow::int64()), arrow::field(name + "t", arrow::utf8())});
    test::WriteRows(folder_ / name, *test::BatchOf(schema, json + "]"), {});
  }

  // Joins s with `lookups`, in this order.
  void Join(const std::vector<std::string>& lookups) {
    pipeline_ = "pipeline: test\nsource: {table: s}\nlookups:\n";
    for (const std::string& name : lookups) {
      pipeline_ += fmt::format("  - {{name: {}, table: {}, key: [{{source: sk, lookup: {}k}}]}}\n",
                               name, name, name);
    }
    pipeline_ += "target: {table: target}\nresources: {memory: 1GiB, lanes: 1}\n";
  }

  int64_t IndexBytesOf(size_t lookup) {
    const auto plan = PlanOf().ValueOrDie();
    return IndexBytes(plan->pipeline->lookups[lookup], *plan->lookups[lookup]);
  }

  // By lookup, in a plan that takes indexes of more than so many bytes for large.
  std::vector<bool> AreOutOfCore(int64_t large_index_bytes) {
    large_index_bytes_ = large_index_bytes;
    const auto plan = PlanOf().ValueOrDie();
    EXPECT_TRUE(plan->fits());
    EXPECT_EQ(plan->advice.in_memory_bytes, 0);  // there is nothing to gain
    std::vector<bool> are;
    for (const auto& join : plan->external_joins) are.push_back(join.has_value());
    return are;
  }
};

TEST_F(JoinChoiceTest, ALargeLookupIsJoinedOutOfCore) {
  MakeTable("s", 6'000, 1);
  MakeTable("l", 5'000, 8);
  Join({"l"});
  const int64_t index_bytes = IndexBytesOf(0);
  EXPECT_EQ(AreOutOfCore(index_bytes), std::vector{false});
  EXPECT_EQ(AreOutOfCore(index_bytes - 1), std::vector{true});
}

// Each of many source rows would get a copy of what is long, and the copies would move.
TEST_F(JoinChoiceTest, LongRowsOfManyMatchesAreAnIndex) {
  MakeTable("s", 20'000, 1);
  MakeTable("l", 1'000, 500);
  Join({"l"});
  EXPECT_EQ(AreOutOfCore(IndexBytesOf(0) - 1), std::vector{false});
}

TEST_F(JoinChoiceTest, EveryLookupHasItsOwnChoice) {
  MakeTable("s", 20'000, 1);
  MakeTable("l", 1'000, 2'000);
  MakeTable("m", 20'000, 8);
  MakeTable("n", 100, 8);
  Join({"l", "m", "n"});
  ASSERT_GT(IndexBytesOf(0), IndexBytesOf(1));
  EXPECT_EQ(AreOutOfCore(IndexBytesOf(1) - 1), (std::vector{false, true, false}));
  joins_out_of_core_ = true;
  EXPECT_EQ(AreOutOfCore(0), (std::vector{true, true, true}));
}

}  // namespace
}  // namespace spillway::pipeline
