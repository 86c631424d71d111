// Joins by ranges of keys against joins with an index in memory.
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/key_ranges.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline::test {
namespace {

class RangedRunTest : public PipelineTest {
 protected:
  // Source rows in the order of their keys: three a key, every seventh without one.
  void MakeSortedSource(int64_t rows) {
    std::string json = "[";
    for (int64_t id = 0; id < rows; ++id) {
      json += fmt::format(R"({}{{"id": {}, "key": {}, "size": {}}})", id == 0 ? "" : ",", id,
                          id % 7 == 3 ? "null" : Quoted(Key(id / 3)), id % 100);
    }
    WriteRows(folder_ / "source",
              *BatchOf(arrow::schema({arrow::field("id", arrow::int64()),
                                      arrow::field("key", arrow::utf8()),
                                      arrow::field("size", arrow::int32())}),
                       json + "]"),
              {.rows_per_file = 60});
  }

  // In the order of their keys but for neighbours: row groups are clustered, not sorted. Some keys
  // are missing, some come twice.
  void MakeClusteredLookup(int64_t keys) {
    std::string json = R"([{"key": null, "score": -1})";
    for (int64_t i = 0; i < keys; ++i) {
      const int64_t key = i ^ 1;
      if (key % 4 == 1) continue;
      json += fmt::format(R"(,{{"key": {}, "score": {}}})", Quoted(Key(key)), key);
      if (key % 5 == 0) json += fmt::format(R"(,{{"key": {}, "score": null}})", Quoted(Key(key)));
    }
    WriteRows(folder_ / "lookup",
              *BatchOf(arrow::schema({arrow::field("key", arrow::utf8()),
                                      arrow::field("score", arrow::float64())}),
                       json + "]"),
              {.rows_per_file = 17});
  }

  static std::string Key(int64_t number) { return fmt::format("k{:06}", number); }

  // The rows of a run with an index in memory.
  std::vector<std::string> RowsInMemory(const std::vector<std::string>& settings) {
    std::vector<std::string> elsewhere = settings;
    elsewhere.emplace_back("target.table=in_memory");
    const auto report = RunAll(elsewhere, /*fresh=*/true);
    EXPECT_TRUE(report.ok()) << report.status();
    return StoredRows(folder_ / "in_memory");
  }

  void UseRanges(int64_t bytes) {
    joins_out_of_core_ = true;
    most_range_bytes_ = bytes;
  }
};

TEST_F(RangedRunTest, GivesTheRowsOfAnIndexInMemory) {
  MakeSortedSource(3'000);
  MakeClusteredLookup(1'000);
  for (const std::string lanes : {"1", "3"}) {
    for (const std::string type : {"left_outer", "inner"}) {
      for (const std::string duplicates : {"expand", "first"}) {
        SCOPED_TRACE(fmt::format("{} lanes, {}, {}", lanes, type, duplicates));
        const std::vector<std::string> settings = {
            "resources.lanes=" + lanes,    "mode=chunked",
            "processing.chunk_size=100",   "target.mode=overwrite",
            "lookups.scores.type=" + type, "lookups.scores.duplicates=" + duplicates};
        joins_out_of_core_ = false;
        most_range_bytes_.reset();
        const std::vector<std::string> expected = RowsInMemory(settings);
        UseRanges(8 * 1024);
        const auto plan = PlanOf(settings, /*fresh=*/true).ValueOrDie();
        ASSERT_TRUE(plan->external_joins[0].has_value());
        ASSERT_TRUE(plan->external_joins[0]->ranges.has_value());
        EXPECT_GT(plan->external_joins[0]->ranges->ranges.size(), 2U);
        EXPECT_FALSE(plan->spills());
        Progress progress;
        const RunReport report = pipeline::Run(*plan, &progress, StopSignal{0}).ValueOrDie();
        EXPECT_EQ(report.spilled_bytes, 0);
        EXPECT_EQ(TargetRows(), expected);
      }
    }
  }
}

TEST_F(RangedRunTest, KeysWithoutOrderAreJoinedOutOfCore) {
  MakeSource(2'000, {.rows_per_file = 60});
  MakeLookup();
  UseRanges(1'000);
  const auto plan = PlanOf().ValueOrDie();
  ASSERT_TRUE(plan->external_joins[0].has_value());
  EXPECT_FALSE(plan->external_joins[0]->ranges.has_value());
  EXPECT_TRUE(plan->spills());
}

TEST_F(RangedRunTest, ARunThatWasCutShortGoesOn) {
  MakeSortedSource(3'000);
  MakeClusteredLookup(1'000);
  const std::vector<std::string> settings = {"mode=chunked", "processing.chunk_size=100"};
  const std::vector<std::string> expected = RowsInMemory(settings);
  UseRanges(8 * 1024);
  ASSERT_TRUE(RunAll(settings, /*fresh=*/false, /*chunks=*/7).ok());
  EXPECT_LT(TargetRows().size(), expected.size());
  ASSERT_TRUE(RunAll(settings).ok());
  EXPECT_EQ(TargetRows(), expected);
}

}  // namespace
}  // namespace spillway::pipeline::test
