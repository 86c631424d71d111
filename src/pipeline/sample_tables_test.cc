#include "pipeline/sample_tables.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <thread>

#include "pipeline/table_scan.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

class SampleTablesTest : public ::testing::Test {
 protected:
  // Writes tables into the folder `name` and returns the report.
  SampleReport Write(const std::string& name, int64_t rows, double match_rate = 0.9,
                     uint64_t seed = 1) {
    Progress progress;
    const auto report = WriteSampleTables({.folder = folder_ / name,
                                           .rows = rows,
                                           .content_bytes = 20,
                                           .match_rate = match_rate,
                                           .seed = seed},
                                          &progress, StopSignal{0});
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(progress.rows_done.load(), 2 * rows);
    return report.ok() ? *report : SampleReport{};
  }

  // The values of a column, in the table's order.
  std::vector<std::string> Column(const std::string& table, int column) const {
    const parquet::ReadOptions options{.pool = arrow::default_memory_pool()};
    const auto pinned = test::Pin(folder_ / table, {column});
    return test::RowsOf(*ScanTable(*pinned, 0, pinned->physical_rows(), options));
  }

  std::vector<std::string> Rows(const std::string& table) const {
    return test::StoredRows(folder_ / table);
  }

  const test::TestFolder folder_;
};

// acc_00000042_9f3c.jpg -> 42.
int64_t NumberOf(const std::string& image_name) { return std::stoll(image_name.substr(4, 8)); }

TEST_F(SampleTablesTest, EveryNumberIsThereOnceWhateverTheSize) {
  for (const int64_t rows : {0, 1, 2, 3, 4, 5, 16, 17, 255, 1025}) {
    SCOPED_TRACE(rows);
    const std::string name = fmt::format("lake{}", rows);
    const SampleReport report = Write(name, rows, /*match_rate=*/1);
    EXPECT_EQ(report.bronze_rows, rows);
    EXPECT_EQ(report.prediction_rows, rows);
    for (const char* table : {"bronze_accident", "predictions"}) {
      std::set<int64_t> numbers;
      for (const auto& image : Column(fmt::format("{}/{}", name, table), 0)) {
        numbers.insert(NumberOf(image));
      }
      ASSERT_EQ(static_cast<int64_t>(numbers.size()), rows) << table;
      ASSERT_EQ(numbers.empty() ? -1 : *numbers.rbegin(), rows - 1) << table;
    }
  }
}

TEST_F(SampleTablesTest, TheTablesAreShuffledEachInItsWay) {
  Write("lake", 1000, 1);
  const auto bronze = Column("lake/bronze_accident", 0);
  const auto predictions = Column("lake/predictions", 0);
  EXPECT_FALSE(std::ranges::is_sorted(bronze));
  EXPECT_NE(bronze, predictions);
  EXPECT_EQ(test::Sorted(bronze), test::Sorted(predictions));
}

TEST_F(SampleTablesTest, TheSeedDecidesTheRows) {
  Write("one", 300);
  Write("same", 300);
  Write("other", 300, 0.9, 2);
  for (const char* table : {"bronze_accident", "predictions"}) {
    const auto rows = Rows(fmt::format("one/{}", table));
    EXPECT_EQ(Rows(fmt::format("same/{}", table)), rows);
    EXPECT_NE(Rows(fmt::format("other/{}", table)), rows);
  }
}

// The bytes of a table's data files, in the order of their names.
std::vector<std::string> FilesOf(const std::string& table) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(table)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> bytes;
  for (const auto& [name, contents] : files) bytes.push_back(contents);
  return bytes;
}

TEST_F(SampleTablesTest, TheNumberOfLanesDoesNotMatter) {
  for (const int lanes : {1, 3}) {
    Progress progress;
    const SampleOptions options{.folder = folder_ / fmt::format("lanes{}", lanes),
                                .rows = 5000,
                                .rows_per_file = 700,
                                .lanes = lanes};
    ASSERT_TRUE(WriteSampleTables(options, &progress, StopSignal{0}).ok());
  }
  for (const char* table : {"bronze_accident", "predictions"}) {
    const auto one = FilesOf(folder_ / fmt::format("lanes1/{}", table));
    EXPECT_EQ(one.size(), 8) << table;
    EXPECT_EQ(FilesOf(folder_ / fmt::format("lanes3/{}", table)), one) << table;
    EXPECT_EQ(Rows(fmt::format("lanes3/{}", table)), Rows(fmt::format("lanes1/{}", table)));
  }
}

TEST_F(SampleTablesTest, TheMatchRateIsTheShareWithAPrediction) {
  EXPECT_EQ(Write("none", 100, 0).prediction_rows, 0);
  const int64_t half = Write("half", 2000, 0.5).prediction_rows;
  EXPECT_GT(half, 850);  // nine standard deviations would be 200 away from 1,000
  EXPECT_LT(half, 1150);
  const auto images = Column("half/bronze_accident", 0);
  const std::set<std::string> known(images.begin(), images.end());
  for (const auto& image : Column("half/predictions", 0)) EXPECT_TRUE(known.contains(image));
}

TEST_F(SampleTablesTest, SomeValuesAreNull) {
  Write("lake", 3000);
  const auto nulls = [](const std::vector<std::string>& values) {
    return std::ranges::count(values, "null|");
  };
  const auto content = nulls(Column("lake/bronze_accident", 4));
  EXPECT_GT(content, 30);  // 3 % are meant
  EXPECT_LT(content, 180);
  EXPECT_GT(nulls(Column("lake/predictions", 1)), 3);  // 1 %
  EXPECT_EQ(nulls(Column("lake/predictions", 0)), 0);
}

TEST_F(SampleTablesTest, RefusesTablesThatAreThere) {
  Write("lake", 1);
  Progress progress;
  const SampleOptions options{.folder = folder_ / "lake", .rows = 1};
  EXPECT_EQ(test::CodeOf(WriteSampleTables(options, &progress, StopSignal{0}).status()),
            ErrorCode::kTargetExists);
}

TEST_F(SampleTablesTest, StopsWhenAsked) {
  Progress progress;
  const SampleOptions options{.folder = folder_ / "lake", .rows = 100};
  EXPECT_TRUE(WriteSampleTables(options, &progress, StopSignal{1}).status().IsCancelled());
  EXPECT_TRUE(WriteSampleTables(options, &progress, StopSignal{0}).ok());
}

TEST_F(SampleTablesTest, TakesOverATableThatWasOnlyMade) {
  const auto make = [this](const std::string& path, std::shared_ptr<arrow::Schema> schema) {
    std::filesystem::remove_all(folder_ / "lake");
    test::AssertOk(delta::CreateTable(folder_ / path, {.schema = std::move(schema)}).status());
    Progress progress;
    const SampleOptions options{
        .folder = folder_ / "lake", .rows = 10, .content_bytes = 20, .match_rate = 1};
    return WriteSampleTables(options, &progress, StopSignal{0}).status();
  };
  Write("whole", 10, 1);
  for (const char* name : {"bronze_accident", "predictions"}) {
    const auto whole =
        delta::Snapshot::Open(fmt::format("{}/{}", folder_ / "whole", name)).ValueOrDie();
    test::AssertOk(make(fmt::format("lake/{}", name), whole->schema()));
    EXPECT_EQ(Rows("lake/bronze_accident"), Rows("whole/bronze_accident"));
    EXPECT_EQ(Rows("lake/predictions"), Rows("whole/predictions"));
  }
  const auto others = arrow::schema({arrow::field("mine", arrow::int64())});
  EXPECT_EQ(test::CodeOf(make("lake/predictions", others)), ErrorCode::kTargetExists);
}

TEST_F(SampleTablesTest, NoFileStaysWhereItIsStopped) {
  Progress progress;
  StopSignal stop{0};
  // Two thousand files: it is stopped behind the first ones.
  const SampleOptions options{
      .folder = folder_ / "lake", .rows = 1'000'000, .rows_per_file = 1000, .lanes = 2};
  const std::jthread user([&] {
    while (progress.rows_done.load() < 5000) std::this_thread::yield();
    stop = 1;
  });
  EXPECT_TRUE(WriteSampleTables(options, &progress, stop).status().IsCancelled());
  EXPECT_TRUE(FilesOf(folder_ / "lake/bronze_accident").empty());
  EXPECT_TRUE(FilesOf(folder_ / "lake/predictions").empty());
}

}  // namespace
}  // namespace spillway::pipeline
