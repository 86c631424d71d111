// Random pipelines joined out of core give the rows that they give with indexes in memory.
#include <fstream>
#include <random>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

using arrow::field;

class ExternalJoinRunTest : public test::PipelineTest {
 protected:
  ExternalJoinRunTest() { smallest_splice_bytes_ = 0; }

  std::string Value(uint64_t nulls, uint64_t keys) {
    if (random_() % 100 < nulls) return "null";
    return std::to_string(random_() % keys);
  }

  // A table of `rows` rows with two keys and a text.
  void MakeTable(const std::string& name, int64_t rows, uint64_t keys, const std::string& prefix) {
    std::string json = "[";
    for (int64_t row = 0; row < rows; ++row) {
      json += fmt::format(R"({}{{"{}a": {}, "{}b": {}, "{}t": "{}{}"}})", row == 0 ? "" : ",",
                          prefix, Value(10, keys), prefix, Value(5, 3), prefix, prefix,
                          std::string(random_() % 20, 'x') + std::to_string(row));
    }
    const auto schema =
        arrow::schema({field(prefix + "a", arrow::int64()), field(prefix + "b", arrow::int64()),
                       field(prefix + "t", arrow::utf8())});
    test::TableLayout layout{.rows_per_file = 1 + static_cast<int64_t>(random_() % 60)};
    layout.rows_per_group = 1 + static_cast<int64_t>(random_() % 30);
    test::WriteRows(folder_ / name, *test::BatchOf(schema, json + "]"), layout);
  }

  const char* OneOf(std::initializer_list<const char*> choices) {
    return choices.begin()[random_() % choices.size()];
  }

  std::string RandomPipeline() {
    const char* second_key =
        OneOf({"{source: sb, lookup: mb}", "{source: sa, lookup: ma}, {source: sb, lookup: mb}"});
    return fmt::format(
        "pipeline: test\nsource: {{table: source}}\n{}"
        "lookups:\n"
        "  - {{name: first, table: l, key: [{}], type: {}, duplicates: {}}}\n"
        "  - {{name: second, table: m, key: [{}], type: {}, duplicates: {}}}\n"
        "columns: {{both: \"concat(lt, '-', mt)\"}}\n"
        "target: {{table: target, mode: overwrite}}\n"
        "resources: {{memory: 256MiB, lanes: {}}}\n"
        "mode: chunked\nprocessing: {{chunk_size: {}}}\n",
        OneOf({"", "where: sb IS NULL OR sb > 0\n"}),
        OneOf({"{source: sa, lookup: la}", "{source: sa, lookup: la}, {source: sb, lookup: lb}"}),
        OneOf({"left_outer", "inner"}), OneOf({"expand", "first"}), second_key,
        OneOf({"left_outer", "inner"}), OneOf({"expand", "first"}), OneOf({"1", "2", "3"}),
        1 + random_() % 80);
  }

  std::vector<std::string> RunOnce(bool out_of_core) {
    joins_out_of_core_ = out_of_core;
    const auto report = RunAll({}, /*fresh=*/true);
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    return TargetRows();
  }

  const uint64_t seed_ = test::Seed();
  std::mt19937_64 random_{seed_};
};

TEST_F(ExternalJoinRunTest, GivesTheRowsOfIndexesInMemory) {
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed_));
  for (int round = 0; round < 25; ++round) {
    const uint64_t keys = 1 + random_() % 40;
    MakeTable("source", static_cast<int64_t>(random_() % 150), keys, "s");
    MakeTable("l", static_cast<int64_t>(random_() % 60), keys, "l");
    MakeTable("m", static_cast<int64_t>(random_() % 60), keys, "m");
    pipeline_ = RandomPipeline();
    SCOPED_TRACE(pipeline_);
    ASSERT_EQ(RunOnce(true), RunOnce(false));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "target/_spillway"));
    for (const char* table : {"source", "l", "m", "target"}) {
      std::filesystem::remove_all(folder_ / table);
    }
  }
}

class SpillPlaceTest : public test::PipelineTest {
 protected:
  SpillPlaceTest() {
    MakeSource(50);
    MakeLookup();
  }

  // What a process that was killed left behind.
  std::string LeaveSpillFolder(const std::string& base) const {
    const std::string folder = base + "/spillway-spill-1-dead";
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/lock") << "test\n";
    std::ofstream(folder + "/matches-0") << "rows";
    return folder;
  }
};

TEST_F(SpillPlaceTest, WhatAKilledRunLeftGoesWhenTheNextOneStarts) {
  for (const bool out_of_core : {true, false}) {
    joins_out_of_core_ = out_of_core;
    LeaveSpillFolder(folder_ / "target/_spillway");
    ASSERT_TRUE(RunAll({"target.mode=overwrite"}, /*fresh=*/true).ok());
    EXPECT_EQ(TargetRows(), ExpectedRows(0, 50));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "target/_spillway"));
  }
}

TEST_F(SpillPlaceTest, AFolderOfTheUsersStays) {
  joins_out_of_core_ = true;
  const std::string left = LeaveSpillFolder(folder_ / "spill");
  std::ofstream(folder_ / "spill/mine") << "mine";
  ASSERT_TRUE(RunAll({"resources.spill_directory=spill"}).ok());
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 50));
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "spill/mine"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "target/_spillway"));
}

TEST_F(SpillPlaceTest, AFolderThatCannotBeMadeIsAnError) {
  joins_out_of_core_ = true;
  std::ofstream(folder_ / "file") << "no folder";
  const Status status = RunAll({"resources.spill_directory=file/spill"}).status();
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
}

}  // namespace
}  // namespace spillway::pipeline
