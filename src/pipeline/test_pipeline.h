// A small pipeline over tables of its own, and the rows that it must give, for the tests that plan
// and run. The model is nested loops over formulas; it shares no code with the engine.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/plan.h"
#include "pipeline/run.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline::test {

class PipelineTest : public ::testing::Test {
 protected:
  static constexpr int64_t kKeys = 40;

  // Source row `id`: every tenth has no key; sizes repeat.
  static std::string KeyOf(int64_t id) {
    return id % 10 == 3 ? "null" : fmt::format("k{}", id * 7 % kKeys);
  }

  // The scores of key number `key`: none for every fourth, two for every fifth.
  static std::vector<std::string> ScoresOf(int64_t key) {
    if (key % 4 == 1) return {};
    if (key % 5 == 0) return {fmt::format("{}.5", key), "null"};
    return {fmt::format("{}.5", key)};
  }

  static std::string Quoted(const std::string& text) {
    return text == "null" ? text : "\"" + text + "\"";
  }

  void MakeSource(int64_t rows, const TableLayout& layout = {}) {
    std::string json = "[";
    for (int64_t id = 0; id < rows; ++id) {
      json += fmt::format(R"({}{{"id": {}, "key": {}, "size": {}}})", id == 0 ? "" : ",", id,
                          Quoted(KeyOf(id)), id % 100);
    }
    const auto schema =
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("key", arrow::utf8()),
                       arrow::field("size", arrow::int32())});
    WriteRows(folder_ / "source", *BatchOf(schema, json + "]"), layout);
  }

  void MakeLookup() {
    std::string json = R"([{"key": null, "score": 99})";
    for (int64_t key = 0; key < kKeys; ++key) {
      for (const std::string& score : ScoresOf(key)) {
        json += fmt::format(R"(,{{"key": "k{}", "score": {}}})", key, score);
      }
    }
    const auto schema = arrow::schema(
        {arrow::field("key", arrow::utf8()), arrow::field("score", arrow::float64())});
    WriteRows(folder_ / "lookup", *BatchOf(schema, json + "]"), {.rows_per_file = 17});
  }

  // What the pipeline gives for source rows [first, end), sorted.
  static std::vector<std::string> ExpectedRows(int64_t first, int64_t end) {
    std::vector<std::string> rows;
    for (int64_t id = first; id < end; ++id) {
      std::vector<std::string> scores;
      if (KeyOf(id) != "null") scores = ScoresOf(id * 7 % kKeys);
      if (scores.empty()) scores = {"null"};
      for (const std::string& score : scores) {
        rows.push_back(fmt::format("{}|{}|{}|{}|{}|", id, KeyOf(id), id % 100, score,
                                   score == "null" ? "none" : "some"));
      }
    }
    return Sorted(std::move(rows));
  }

  static constexpr std::string_view kPipeline = R"(
pipeline: test
source: {table: source}
lookups: [{name: scores, table: lookup, key: [key]}]
columns: {has: CASE WHEN score IS NULL THEN 'none' ELSE 'some' END}
target: {table: target}
resources: {memory: 256MiB}
)";

  Result<std::unique_ptr<Plan>> PlanOf(const std::vector<std::string>& settings = {},
                                       bool fresh = false) {
    ARROW_ASSIGN_OR_RAISE(spec::Spec parsed, ParseSpec(folder_, pipeline_, settings));
    return MakePlan(std::move(parsed),
                    {.beginning = {.fresh = fresh, .append_again = append_again_},
                     .smallest_splice_bytes = smallest_splice_bytes_,
                     .joins_out_of_core = joins_out_of_core_,
                     .large_index_bytes = large_index_bytes_,
                     .most_range_bytes = most_range_bytes_,
                     .spools = spools_});
  }

  // Plans and runs; `chunks` cuts the run short after so many, as a kill between two chunks does.
  Result<RunReport> RunAll(const std::vector<std::string>& settings = {}, bool fresh = false,
                           size_t chunks = SIZE_MAX) {
    ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOf(settings, fresh));
    plan->chunks.resize(std::min(chunks, plan->chunks.size()));
    Progress progress;
    return pipeline::Run(*plan, &progress, StopSignal{0});
  }

  // That a stop of either urgency, wanted from the start, does none of the plan's `chunks`.
  void ExpectAStopLeavesTheTargetAlone(const Plan& plan, int64_t chunks) const {
    Progress progress;
    const RunReport report =
        pipeline::Run(plan, &progress, StopSignal{kStopAfterChunk}).ValueOrDie();
    EXPECT_TRUE(report.stopped);
    EXPECT_EQ(report.chunks_left, chunks);
    EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
    EXPECT_TRUE(pipeline::Run(plan, &progress, StopSignal{kStopNow}).status().IsCancelled());
    EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
  }

  int64_t TargetVersion() const {
    return delta::Snapshot::Open(folder_ / "target").ValueOrDie()->version();
  }

  std::vector<std::string> TargetRows() const { return StoredRows(folder_ / "target"); }

  const TestFolder folder_;
  std::string pipeline_ = std::string(kPipeline);
  int64_t smallest_splice_bytes_ = kSmallestSpliceBytes;
  bool joins_out_of_core_ = false;
  int64_t large_index_bytes_ = kLargeIndexBytes;
  std::optional<int64_t> most_range_bytes_ = std::nullopt;
  bool spools_ = false;
  bool append_again_ = false;
};

// The same tests with indexes in memory, and with joins out of core.
class EitherJoinTest : public PipelineTest, public ::testing::WithParamInterface<bool> {
 protected:
  EitherJoinTest() { joins_out_of_core_ = GetParam(); }
};

inline std::string JoinName(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "OutOfCore" : "InMemory";
}

}  // namespace spillway::pipeline::test
