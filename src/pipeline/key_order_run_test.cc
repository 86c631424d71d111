// Runs in key order: the order itself, and that a killed run goes on with every row once.
#include <set>

#include <fmt/format.h>

#include "base/units.h"
#include "pipeline/run.h"
#include "pipeline/test_key_order.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using Settings = std::vector<std::string>;

class KeyOrderRunTest : public test::EitherJoinTest {
 protected:
  KeyOrderRunTest() { MakeLookup(); }

  static Settings InKeyOrder(const Settings& more = {}) {
    Settings settings = {"processing.chunk_order=key"};
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
  }
  static Settings Chunked(int64_t rows) {
    return InKeyOrder({"mode=chunked", fmt::format("processing.chunk_size={}", rows)});
  }

  std::vector<test::FileRows> TargetFiles() const { return test::RowsOfFiles(folder_ / "target"); }
  void ExpectOrdered() const { test::ExpectOrdered(folder_ / "target"); }
};

TEST_P(KeyOrderRunTest, StandardIsOneCommitInTheOrderOfTheKey) {
  MakeSource(300, {.rows_per_file = 60, .rows_per_group = 25});
  const RunReport report = RunAll(InKeyOrder()).ValueOrDie();
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  EXPECT_EQ(report.chunks_committed, 1);
  EXPECT_EQ(report.source_rows, 300);
  EXPECT_EQ(report.spliced_row_groups, 0);
  EXPECT_EQ(TargetFiles().size(), 1);
  ExpectOrdered();
}

TEST_P(KeyOrderRunTest, ChunksAreInTheOrderOfTheKey) {
  MakeSource(300, {.rows_per_file = 60, .rows_per_group = 25});
  smallest_splice_bytes_ = 0;
  const RunReport report = RunAll(Chunked(40)).ValueOrDie();
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
  EXPECT_EQ(report.chunks_committed, 8);
  EXPECT_EQ(report.chunks_left, 0);
  EXPECT_EQ(TargetFiles().size(), 8);
  ExpectOrdered();
  for (const test::FileRows& file : TargetFiles()) {
    EXPECT_LE(std::set<int64_t>(file.ids.begin(), file.ids.end()).size(), 40U);
  }
  const auto plan = PlanOf(Chunked(40)).ValueOrDie();
  EXPECT_TRUE(plan->finished());
  EXPECT_EQ(plan->splice.reasons.begin()->first, "the rows are sorted by key");
}

TEST_P(KeyOrderRunTest, GoesOnWhereAnEarlierAttemptEndedWithAnotherChunkSize) {
  MakeSource(300, {.rows_per_file = 60, .rows_per_group = 25});
  for (const size_t chunks_before : {size_t{0}, size_t{1}, size_t{3}}) {
    for (const int64_t chunk_rows : {7, 40, 1000}) {
      SCOPED_TRACE(fmt::format("{} chunks, then of {} rows", chunks_before, chunk_rows));
      ASSERT_TRUE(RunAll(Chunked(33), false, chunks_before).ok());
      const auto rest = PlanOf(Chunked(chunk_rows)).ValueOrDie();
      EXPECT_EQ(rest->committed_ordinal.value_or(0), static_cast<int64_t>(33 * chunks_before));
      ASSERT_TRUE(RunAll(Chunked(chunk_rows)).ok());
      EXPECT_EQ(TargetRows(), ExpectedRows(0, 300));
      ExpectOrdered();
      EXPECT_TRUE(RunAll(Chunked(40)).ValueOrDie().already_finished);
      std::filesystem::remove_all(folder_ / "target");
    }
  }
}

TEST_P(KeyOrderRunTest, AnotherOrderIsAnotherRun) {
  MakeSource(100);
  ASSERT_TRUE(RunAll(Chunked(30), false, 1).ok());
  const Settings in_source_order = {"target.mode=append"};
  EXPECT_EQ(test::CodeOf(PlanOf(in_source_order).status()), ErrorCode::kPlanChanged);
  EXPECT_EQ(test::CodeOf(PlanOf(in_source_order, /*fresh=*/true).status()),
            ErrorCode::kPlanChanged);
  append_again_ = true;
  const auto plan = PlanOf(in_source_order, /*fresh=*/true).ValueOrDie();
  append_again_ = false;
  EXPECT_FALSE(plan->committed_ordinal.has_value());
  EXPECT_NE(plan->app_id, PlanOf(Chunked(30)).ValueOrDie()->app_id);
}

TEST_P(KeyOrderRunTest, DroppedRowsMakeFewerChunks) {
  MakeSource(300, {.rows_per_file = 60});
  pipeline_.replace(pipeline_.find("key: [key]"), 10, "key: [key], type: inner");
  Settings settings = Chunked(20);
  settings.emplace_back("where=id % 3 <> 1");
  ASSERT_TRUE(RunAll(settings, false, 2).ok());
  const RunReport report = RunAll(settings).ValueOrDie();
  std::vector<std::string> expected;
  for (int64_t id = 0; id < 300; ++id) {
    if (id % 3 == 1) continue;
    for (std::string& row : ExpectedRows(id, id + 1)) {
      if (KeyOf(id) != "null" && !ScoresOf(id * 7 % kKeys).empty()) {
        expected.push_back(std::move(row));
      }
    }
  }
  EXPECT_EQ(TargetRows(), test::Sorted(std::move(expected)));
  EXPECT_LT(report.chunks_committed, 13);
  EXPECT_EQ(report.chunks_left, 0);
  ExpectOrdered();
  EXPECT_TRUE(PlanOf(settings).ValueOrDie()->finished());
}

TEST_P(KeyOrderRunTest, AnEmptySourceIsFinishedByOneCommit) {
  MakeSource(0);
  EXPECT_EQ(RunAll(Chunked(10)).ValueOrDie().chunks_committed, 1);
  EXPECT_TRUE(TargetRows().empty());
  EXPECT_TRUE(PlanOf(Chunked(10)).ValueOrDie()->finished());
}

TEST_P(KeyOrderRunTest, NoRowMayBeLeft) {
  MakeSource(50);
  Settings settings = Chunked(10);
  settings.emplace_back("where=id < 0");
  EXPECT_EQ(RunAll(settings).ValueOrDie().chunks_committed, 1);
  EXPECT_TRUE(TargetRows().empty());
  EXPECT_TRUE(PlanOf(settings).ValueOrDie()->finished());
}

// A table of ids and keys that are all `key`.
void MakeConstantSource(const std::string& path, int64_t rows, std::string_view key) {
  std::string json = "[";
  for (int64_t id = 0; id < rows; ++id) {
    json += fmt::format(R"({}{{"id": {}, "key": {}, "size": 1}})", id == 0 ? "" : ",", id, key);
  }
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("key", arrow::utf8()),
                     arrow::field("size", arrow::int32())});
  test::WriteRows(path, *test::BatchOf(schema, json + "]"), {.rows_per_file = 70});
}

TEST_P(KeyOrderRunTest, EqualKeysKeepTheOrderOfTheSource) {
  for (const std::string_view key : {R"("k5")", "null"}) {
    MakeConstantSource(folder_ / "source", 200, key);
    ASSERT_TRUE(RunAll(Chunked(30), false, 2).ok());
    ASSERT_TRUE(RunAll(Chunked(50)).ok());
    std::vector<int64_t> ids;
    for (const test::FileRows& file : TargetFiles())
      ids.insert(ids.end(), file.ids.begin(), file.ids.end());
    const auto repeated = std::ranges::unique(ids);  // k5 has two scores
    ids.erase(repeated.begin(), repeated.end());
    ASSERT_EQ(ids.size(), 200U);
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], static_cast<int64_t>(i));
    std::filesystem::remove_all(folder_ / "target");
    std::filesystem::remove_all(folder_ / "source");
  }
}

TEST_P(KeyOrderRunTest, SeveralKeyColumnsCountInTheirOrder) {
  MakeSource(300, {.rows_per_file = 60});
  const auto schema =
      arrow::schema({arrow::field("size", arrow::int32()), arrow::field("key", arrow::utf8()),
                     arrow::field("score", arrow::float64())});
  test::WriteRows(folder_ / "pairs",
                  *test::BatchOf(schema, R"([{"size": 0, "key": "k0", "score": 1},
                                             {"size": 5, "key": "k35", "score": 2}])"));
  pipeline_.replace(pipeline_.find("lookup, key: [key]"), 18, "pairs, key: [size, key]");
  ASSERT_TRUE(RunAll(Chunked(40), false, 2).ok());
  ASSERT_TRUE(RunAll(Chunked(60)).ok());
  std::vector<std::tuple<int64_t, std::string, int64_t>> expected;
  for (int64_t id = 0; id < 300; ++id) {
    expected.emplace_back(id % 100, KeyOf(id) == "null" ? "" : "=" + KeyOf(id), id);
  }
  std::ranges::sort(expected);
  std::vector<test::FileRows> files = TargetFiles();
  std::ranges::sort(files, {}, [](const test::FileRows& file) { return file.ids.front() % 100; });
  size_t at = 0;
  for (const test::FileRows& file : files) {
    for (const int64_t id : file.ids) EXPECT_EQ(id, std::get<2>(expected[at++]));
  }
  EXPECT_EQ(at, 300U);
}

TEST_P(KeyOrderRunTest, AStopWhileRowsAreSortedLeavesTheTargetAlone) {
  MakeSource(50);
  ExpectAStopLeavesTheTargetAlone(*PlanOf(Chunked(5)).ValueOrDie(), 10);
}

TEST_P(KeyOrderRunTest, RowsThatDependOnTheTimeAreOneCommit) {
  MakeSource(50);
  const std::string where = "where=current_date() > DATE'2020-01-01'";
  const Status refused = PlanOf(InKeyOrder({where, "mode=chunked"})).status();
  EXPECT_EQ(test::CodeOf(refused), ErrorCode::kValueOutOfRange) << refused.ToString();
  EXPECT_EQ(FindError(refused)->where, "--set processing.chunk_order");
  const auto plan =
      PlanOf(InKeyOrder({where, "processing.in_memory_threshold=1", "processing.max_safe_size=2"}))
          .ValueOrDie();
  EXPECT_EQ(plan->mode, RunMode::kStandard);
  ASSERT_TRUE(RunAll(InKeyOrder({where})).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 50));
}

// Whether a text is a time of today is seen when the rows come.
TEST_P(KeyOrderRunTest, TextsThatAreATimeOfTodayAreRefusedInChunks) {
  MakeSource(50);
  const auto where = [](std::string_view text) {
    return fmt::format("where=CAST(concat('{}', id % 10) AS TIMESTAMP) IS NOT NULL", text);
  };
  Settings settings = Chunked(20);
  settings.push_back(where("12:30:0"));
  const Status refused = RunAll(settings).status();
  EXPECT_EQ(test::CodeOf(refused), ErrorCode::kValueOutOfRange) << refused.ToString();
  EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
  settings.back() = where("2024-05-1");
  ASSERT_TRUE(RunAll(settings).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 50));
}

TEST_P(KeyOrderRunTest, TheBoundHolds) {
  MakeSource(3000, {.rows_per_file = 500});
  for (const int64_t mebibytes : {0, 90, 128, 1024}) {
    SCOPED_TRACE(mebibytes);
    const auto any = PlanOf(Chunked(500)).ValueOrDie();
    const int64_t budget = mebibytes == 0 ? any->smallest_budget_bytes : mebibytes * kMiB;
    Settings settings = Chunked(500);
    settings.push_back(fmt::format("resources.memory={}", budget));
    const auto plan = PlanOf(settings).ValueOrDie();
    ASSERT_TRUE(plan->fits());
    int64_t bytes = 0;
    for (const MemoryLine& line : plan->memory.lines) bytes += line.bytes;
    EXPECT_EQ(bytes, plan->memory.bound_bytes);
    const RunReport report = RunAll(settings).ValueOrDie();
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 3000));
    for (const memory::TagUsage& use : report.memory_by_use) {
      EXPECT_LE(use.peak_held_bytes, plan->memory.bound_bytes) << use.tag;
    }
    std::filesystem::remove_all(folder_ / "target");
  }
}

INSTANTIATE_TEST_SUITE_P(Joins, KeyOrderRunTest, testing::Bool(), test::JoinName);

}  // namespace
}  // namespace spillway::pipeline
