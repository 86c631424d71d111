#include "pipeline/run.h"

#include <thread>

#include <fmt/format.h>

#include "base/units.h"
#include "memory/overhead.h"
#include "pipeline/sample_tables.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using Settings = std::vector<std::string>;

class RunTest : public test::EitherJoinTest {
 protected:
  RunTest() { MakeLookup(); }

  static Settings Chunked(int64_t rows, const std::string& mode = "error_if_exists") {
    return {"mode=chunked", fmt::format("processing.chunk_size={}", rows), "target.mode=" + mode};
  }
};

TEST_P(RunTest, StandardIsOneCommit) {
  MakeSource(200);
  const RunReport report = RunAll().ValueOrDie();
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 200));
  EXPECT_EQ(report.source_rows, 200);
  EXPECT_EQ(report.rows_written, static_cast<int64_t>(TargetRows().size()));
  EXPECT_EQ(report.chunks_committed, 1);
  EXPECT_EQ(report.chunks_left, 0);
  EXPECT_EQ(report.target_version, TargetVersion());
  EXPECT_EQ(TargetVersion(), 0);
}

TEST_P(RunTest, ChunkedGivesTheSameRows) {
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  const RunReport report = RunAll(Chunked(33)).ValueOrDie();
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 200));
  EXPECT_GE(report.chunks_committed, 5);
  EXPECT_EQ(TargetVersion(), report.chunks_committed - 1);
}

TEST_P(RunTest, GoesOnWhereAnEarlierAttemptEnded) {
  MakeSource(200, {.rows_per_file = 60, .rows_per_group = 25});
  for (const size_t chunks_before : {size_t{0}, size_t{1}, size_t{3}}) {
    SCOPED_TRACE(chunks_before);
    ASSERT_TRUE(RunAll(Chunked(40), false, chunks_before).ok());
    // Another chunk size, mode and budget: the same run all the same.
    const auto rest =
        PlanOf({"mode=chunked", "processing.chunk_size=17", "resources.memory=300MiB"})
            .ValueOrDie();
    EXPECT_EQ(rest->committed_ordinal.has_value(), chunks_before > 0);
    EXPECT_EQ(rest->chunks.front().first_ordinal, rest->committed_ordinal.value_or(0));
    ASSERT_TRUE(RunAll(Settings{"mode=standard"}).ok());
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 200));
    const RunReport again = RunAll(Chunked(40)).ValueOrDie();
    EXPECT_TRUE(again.already_finished);
    EXPECT_EQ(again.target_version, TargetVersion());
    std::filesystem::remove_all(folder_ / "target");
  }
}

TEST_P(RunTest, StopsAfterAChunkWhenAsked) {
  MakeSource(200);
  const auto plan = PlanOf(Chunked(5)).ValueOrDie();
  Progress progress;
  StopSignal stop{0};
  // Asks as soon as a chunk is committed; how many more get through does not matter.
  std::jthread asker([&](const std::stop_token& give_up) {
    while (progress.chunks_committed.load() == 0 && !give_up.stop_requested()) {
      std::this_thread::yield();
    }
    stop = kStopAfterChunk;
  });
  const auto report = pipeline::Run(*plan, &progress, stop);
  asker.request_stop();
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_GE(report->chunks_committed, 1);
  EXPECT_EQ(report->chunks_committed + report->chunks_left, 40);
  EXPECT_EQ(report->stopped, report->chunks_left > 0);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 5 * report->chunks_committed));
  ASSERT_TRUE(RunAll(Chunked(5)).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 200));
}

TEST_P(RunTest, AStopBeforeTheFirstChunkLeavesTheTargetAlone) {
  MakeSource(20);
  ExpectAStopLeavesTheTargetAlone(*PlanOf(Chunked(5)).ValueOrDie(), 4);
}

TEST_P(RunTest, AppendsAndOverwrites) {
  MakeSource(30);
  ASSERT_TRUE(RunAll(Chunked(10, "append")).ok());
  auto rows = ExpectedRows(0, 30);
  EXPECT_EQ(TargetRows(), rows);
  // Again, although it has finished.
  append_again_ = true;
  ASSERT_TRUE(RunAll(Chunked(10, "append"), /*fresh=*/true).ok());
  const auto once = rows;
  rows.insert(rows.end(), once.begin(), once.end());
  EXPECT_EQ(TargetRows(), test::Sorted(rows));
  for (const Settings& settings : {Chunked(10, "overwrite"), Settings{"target.mode=overwrite"}}) {
    ASSERT_TRUE(RunAll(settings, /*fresh=*/true).ok());
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 30));
  }
  EXPECT_EQ(test::CodeOf(RunAll({}, /*fresh=*/true).status()), ErrorCode::kTargetExists);
}

TEST_P(RunTest, AnOverwriteThatWasKilledEmptiesTheTargetOnce) {
  MakeSource(40);
  ASSERT_TRUE(RunAll({"target.mode=append"}).ok());
  ASSERT_TRUE(RunAll(Chunked(10, "overwrite"), false, 2).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 20));
  ASSERT_TRUE(RunAll(Chunked(10, "overwrite")).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 40));
}

TEST_P(RunTest, AFreshRunThatWasKilledGoesOnWithoutTheFlag) {
  MakeSource(40);
  ASSERT_TRUE(RunAll(Chunked(10, "overwrite")).ok());
  ASSERT_TRUE(RunAll(Chunked(10, "overwrite"), /*fresh=*/true, 1).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 10));
  ASSERT_TRUE(RunAll(Chunked(10, "overwrite")).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 40));
}

TEST_P(RunTest, ASourceWithoutRowsGivesAnEmptyTarget) {
  MakeSource(0);
  for (const std::string mode : {"standard", "chunked"}) {
    for (const std::string target : {"error_if_exists", "append", "overwrite"}) {
      SCOPED_TRACE(fmt::format("{} {}", mode, target));
      const Settings settings = {fmt::format("mode={}", mode),
                                 fmt::format("target.mode={}", target)};
      ASSERT_TRUE(RunAll(settings).ok());
      EXPECT_TRUE(TargetRows().empty());
      EXPECT_EQ(delta::Snapshot::Open(folder_ / "target").ValueOrDie()->schema()->field_names(),
                (std::vector<std::string>{"id", "key", "size", "score", "has"}));
      EXPECT_TRUE(RunAll(settings).ValueOrDie().already_finished);
      std::filesystem::remove_all(folder_ / "target");
    }
  }
}

TEST_P(RunTest, OverwritesTheSchemaOfAPartitionedTarget) {
  MakeSource(20);
  const auto other =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("day", arrow::date32())});
  for (const std::string mode : {"standard", "chunked"}) {
    SCOPED_TRACE(mode);
    std::filesystem::remove_all(folder_ / "target");
    ASSERT_TRUE(
        delta::CreateTable(folder_ / "target", {.schema = other, .partition_columns = {"day"}})
            .ok());
    const Settings settings = {"mode=" + mode, "target.mode=overwrite",
                               "target.overwrite_schema=true"};
    const auto report = RunAll(settings);
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 20));
  }
}

TEST_P(RunTest, AFailedChunkLeavesNoFileBehind) {
  MakeSource(40);
  pipeline_ = std::string(kPipeline);
  const Settings settings = {"mode=chunked", "processing.chunk_size=10",
                             "columns.has=1 / (id - 25)"};
  EXPECT_EQ(test::CodeOf(RunAll(settings).status()), ErrorCode::kEvaluation);
  size_t parquet_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "target")) {
    parquet_files += entry.path().extension() == ".parquet" ? 1 : 0;
  }
  EXPECT_EQ(parquet_files, test::FilesOf(folder_ / "target").size());
  EXPECT_EQ(parquet_files, 2U);
}

TEST_P(RunTest, RefusesWhatDoesNotFitBeforeItWrites) {
  MakeSource(20);
  EXPECT_EQ(test::CodeOf(RunAll({"resources.memory=1MiB"}).status()), ErrorCode::kBudgetTooSmall);
  EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
}

TEST_P(RunTest, ThePoolsStayBelowTheBound) {
  Progress progress;
  ASSERT_TRUE(WriteSampleTables({.folder = folder_.path(), .rows = 60'000, .content_bytes = 300},
                                &progress, StopSignal{0})
                  .ok());
  pipeline_ = R"yaml(
pipeline: sample
source: {table: bronze_accident}
lookups: [{name: predictions, table: predictions, key: [image_name]}]
columns: {label: "concat(model_version, '-', path)"
}
target: {table: target}
mode: chunked
processing: {chunk_size: 20_000}
)yaml";
  const auto smallest = PlanOf({"resources.memory=1GiB"}).ValueOrDie()->smallest_budget_bytes;
  for (const int64_t budget_bytes : {smallest, 2 * smallest, int64_t{kGiB}}) {
    SCOPED_TRACE(budget_bytes);
    const auto plan =
        PlanOf({fmt::format("resources.memory={}", budget_bytes)}, /*fresh=*/true).ValueOrDie();
    ASSERT_LE(plan->memory.bound_bytes, plan->budget.total_bytes);
    const auto report = pipeline::Run(*plan, &progress, StopSignal{0});
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    int64_t used_bytes = memory::kProcessOverheadBytes;
    for (const memory::TagUsage& use : report->memory_by_use) used_bytes += use.peak_in_use_bytes;
    EXPECT_LE(used_bytes, plan->memory.bound_bytes);
    std::filesystem::remove_all(folder_ / "target");
  }
}

INSTANTIATE_TEST_SUITE_P(Joins, RunTest, ::testing::Bool(), test::JoinName);

}  // namespace
}  // namespace spillway::pipeline
