#include "pipeline/table_scan.h"

#include <random>

#include <arrow/scalar.h>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

const parquet::ReadOptions kOptions = {.pool = arrow::default_memory_pool(), .batch_rows = 16};

std::vector<int> AllColumns(const std::string& path) {
  const auto snapshot = delta::Snapshot::Open(path).ValueOrDie();
  std::vector<int> columns;
  for (int i = 0; i < snapshot->schema()->num_fields(); ++i) columns.push_back(i);
  return columns;
}

// Whole tables, and all ways to cut them.
class TableScanTest : public ::testing::Test {
 protected:
  // A table of `rows` rows, id 0, 1, .. in each of whose files, in the order of their paths, ids
  // rise.
  void MakeTable(int64_t rows, const test::TableLayout& layout) {
    const auto schema =
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())});
    std::string json = "[";
    for (int64_t id = 0; id < rows; ++id) {
      json += fmt::format(R"({}{{"id": {}, "text": {}}})", id == 0 ? "" : ",", id,
                          id % 7 == 0 ? "null" : fmt::format("\"t{}\"", id));
    }
    test::WriteRows(path_, *test::BatchOf(schema, json + "]"), layout);
  }

  std::vector<std::string> Scan(const PinnedTable& table, int64_t first, int64_t end) {
    return test::RowsOf(*ScanTable(table, first, end, kOptions));
  }

  const test::TestFolder folder_;
  const std::string path_ = folder_ / "table";
};

TEST_F(TableScanTest, EveryRangeIsAPartOfTheWhole) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  MakeTable(100, {.rows_per_file = 30, .rows_per_group = 12});
  const auto table = test::Pin(path_, AllColumns(path_));
  ASSERT_EQ(table->files().size(), 4U);
  ASSERT_EQ(table->physical_rows(), 100);
  const auto whole = Scan(*table, 0, 100);
  ASSERT_EQ(whole.size(), 100U);
  EXPECT_EQ(test::Sorted(whole), test::StoredRows(path_));
  for (int round = 0; round < 100; ++round) {
    const int64_t first = static_cast<int64_t>(random() % 101);
    const int64_t end =
        first + static_cast<int64_t>(random() % (101U - static_cast<uint64_t>(first)));
    ASSERT_EQ(Scan(*table, first, end),
              std::vector<std::string>(whole.begin() + first, whole.begin() + end))
        << first << ".." << end;
  }
  // An end behind the table is its end.
  EXPECT_EQ(Scan(*table, 95, 1000).size(), 5U);
  EXPECT_TRUE(Scan(*table, 100, 1000).empty());
}

TEST_F(TableScanTest, ReadsOnlyTheWantedColumns) {
  MakeTable(20, {.rows_per_file = 7});
  const auto texts = test::Pin(path_, {1});
  EXPECT_EQ(ScanTable(*texts, 0, 20, kOptions)->schema()->field_names(),
            std::vector<std::string>{"text"});
  EXPECT_EQ(Scan(*texts, 0, 20).size(), 20U);
  const auto nothing = test::Pin(path_, {});
  EXPECT_EQ(Scan(*nothing, 3, 19).size(), 16U);
}

TEST_F(TableScanTest, ReadsATableWithoutFiles) {
  MakeTable(0, {});
  const auto table = test::Pin(path_, AllColumns(path_));
  EXPECT_EQ(table->physical_rows(), 0);
  EXPECT_TRUE(Scan(*table, 0, 0).empty());
  EXPECT_TRUE(Scan(*table, 0, 5).empty());
}

TEST_F(TableScanTest, NamesAFileThatIsGoneOrDamaged) {
  MakeTable(20, {.rows_per_file = 10});
  const auto table = test::Pin(path_, AllColumns(path_));
  const std::string& victim = table->files()[1].data_file.path;
  std::filesystem::resize_file(victim, 100);
  const auto read = [&table] {
    const auto stream = ScanTable(*table, 0, 20, kOptions);
    return stream->ToRecordBatches().status();
  };
  EXPECT_EQ(test::CodeOf(read()), ErrorCode::kCorruptDataFile);
  EXPECT_NE(FindError(read())->where.find(victim), std::string::npos);
  std::filesystem::remove(victim);
  EXPECT_EQ(test::CodeOf(read()), ErrorCode::kDataFileMissing);
}

// A table partitioned by a column of each type, with one file of one row per value.
TEST_F(TableScanTest, PutsPartitionValuesIn) {
  const auto instant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const arrow::FieldVector partitions = {
      arrow::field("flag", arrow::boolean()),
      arrow::field("small", arrow::int8()),
      arrow::field("long", arrow::int64()),
      arrow::field("real", arrow::float64()),
      arrow::field("price", arrow::decimal128(9, 2)),
      arrow::field("name", arrow::utf8()),
      arrow::field("day", arrow::date32()),
      arrow::field("at", instant),
      arrow::field("local", arrow::timestamp(arrow::TimeUnit::MICRO))};
  arrow::FieldVector fields = {arrow::field("id", arrow::int64())};
  fields.insert(fields.begin(), partitions[0]);
  fields.insert(fields.end(), partitions.begin() + 1, partitions.end());
  delta::CommitRequest create{.schema = arrow::schema(fields)};
  for (const auto& field : partitions) create.partition_columns.push_back(field->name());
  ASSERT_TRUE(delta::CreateTable(path_, create).ok());

  const std::vector<std::vector<std::optional<std::string>>> values = {
      {"true", "-7", "9000000000", "1.5E-3", "-12.30", "Zürich", "2026-01-31",
       "2026-01-31 10:00:00.123456", "1969-12-31 23:59:59"},
      {"false", "127", "-1", "NaN", "1234567.89", " ", "0001-01-01", "2026-01-31T10:00:00.5Z",
       "2026-01-31 10:00:00.000001"},
      {{}, {}, {}, {}, {}, {}, {}, {}, {}}};
  delta::CommitRequest request;
  for (const auto& row : values) {
    const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
    TableWriter writer(schema, {.table_path = path_, .parquet = {.pool = kOptions.pool}});
    ASSERT_TRUE(writer.Write(*test::BatchOf(schema, R"([{"id": 1}])")).ok());
    auto files = writer.Finish().ValueOrDie().Release();
    for (size_t i = 0; i < row.size(); ++i) {
      files[0].partition_values.emplace_back(partitions[i]->name(), row[i]);
    }
    request.files.push_back(std::move(files[0]));
  }
  const auto base = delta::Snapshot::Open(path_).ValueOrDie();
  ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);

  const auto table = test::Pin(path_, AllColumns(path_));
  EXPECT_EQ(test::Sorted(Scan(*table, 0, 3)),
            test::Sorted({"true|1|-7|9000000000|0.0015|-12.30|Zürich|2026-01-31|"
                          "2026-01-31 10:00:00.123456Z|1969-12-31 23:59:59.000000|",
                          "false|1|127|-1|nan|1234567.89| |0001-01-01|"
                          "2026-01-31 10:00:00.500000Z|2026-01-31 10:00:00.000001|",
                          "null|1|null|null|null|null|null|null|null|null|"}));
  // A partition column alone takes its rows from the file all the same.
  const auto name_only = test::Pin(path_, {6});
  EXPECT_EQ(test::Sorted(Scan(*name_only, 0, 3)), test::Sorted({"Zürich|", " |", "null|"}));
}

TEST(ParsePartitionValue, RefusesWhatIsNoValueOfTheType) {
  const auto refuses = [](const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
    const Status status = ParsePartitionValue(type, text).status();
    ASSERT_FALSE(status.ok()) << type->ToString() << " " << text;
    EXPECT_EQ(test::CodeOf(status), ErrorCode::kCorruptLog);
    EXPECT_NE(FindError(status)->why.find(text), std::string::npos);
  };
  refuses(arrow::int8(), "128");
  refuses(arrow::int64(), "1.5");
  refuses(arrow::boolean(), "maybe");
  refuses(arrow::date32(), "2026-02-30");
  refuses(arrow::decimal128(4, 2), "123.45");
  refuses(arrow::decimal128(4, 2), "x");
  refuses(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "yesterday");
  refuses(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "10:00:00");
}

// As Spark casts a text.
TEST(ParsePartitionValue, TakesTimestampsWithAnyZone) {
  const auto micros = [](const char* zone, const std::string& text) {
    const auto scalar =
        ParsePartitionValue(arrow::timestamp(arrow::TimeUnit::MICRO, zone), text).ValueOrDie();
    return static_cast<const arrow::TimestampScalar&>(*scalar).value;
  };
  constexpr int64_t kTen = 1769853600000000;  // 2026-01-31T10:00:00Z
  constexpr int64_t kHour = 3600000000;
  for (const char* text :
       {"2026-01-31 10:00:00", "2026-01-31T10:00:00Z", "2026-01-31 10:00:00+00:00",
        "2026-01-31T12:00:00.000+02:00", "2026-01-31 04:30:00 -0530"}) {
    EXPECT_EQ(micros("UTC", text), kTen) << text;
  }
  EXPECT_EQ(micros("", "2026-01-31 10:00:00"), kTen);
  EXPECT_EQ(micros("", "2026-01-31T12:00:00+02:00"), kTen + 2 * kHour);
}

TEST(ParsePartitionValue, RoundsDecimalsAsSparkDoes) {
  const auto type = arrow::decimal128(4, 2);
  EXPECT_EQ(ParsePartitionValue(type, "1.235").ValueOrDie()->ToString(), "1.24");
  EXPECT_EQ(ParsePartitionValue(type, "-1").ValueOrDie()->ToString(), "-1.00");
}

TEST(ParsePartitionValue, EmptyTextIsNull) {
  for (const auto& type : {arrow::utf8(), arrow::int32(), arrow::date32()}) {
    EXPECT_FALSE(ParsePartitionValue(type, "").ValueOrDie()->is_valid);
    EXPECT_FALSE(ParsePartitionValue(type, std::nullopt).ValueOrDie()->is_valid);
    EXPECT_TRUE(ParsePartitionValue(type, "").ValueOrDie()->type->Equals(type));
  }
}

// Golden tables of the Delta project with deletion vectors.
class GoldenScanTest : public TableScanTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(GoldenScanTest, LeavesDeletedRowsOut) {
  const char* corpora = std::getenv("SPILLWAY_CORPORA");
  const std::string archive = fmt::format(
      "{}/delta-golden/{}.tar.zst", corpora != nullptr ? corpora : "../shared/corpora", GetParam());
  if (!std::filesystem::exists(archive))
    GTEST_SKIP() << "no " << archive << ": set SPILLWAY_CORPORA";
  const std::string unpack = fmt::format("tar --zstd -xf '{}' -C '{}'", archive, folder_.path());
  if (std::system(unpack.c_str()) != 0) GTEST_SKIP() << "tar cannot unpack zstd";
  const std::string path = folder_ / fmt::format("{}/delta", GetParam());

  const auto table = test::Pin(path, AllColumns(path));
  ASSERT_LT(table->live_rows(), table->physical_rows());
  const auto whole = Scan(*table, 0, table->physical_rows());
  EXPECT_EQ(static_cast<int64_t>(whole.size()), table->live_rows());
  // Row by row the same rows come, each by its ordinal.
  std::vector<std::string> one_by_one;
  for (int64_t row = 0; row < table->physical_rows(); ++row) {
    const auto rows = Scan(*table, row, row + 1);
    ASSERT_LE(rows.size(), 1U);
    one_by_one.insert(one_by_one.end(), rows.begin(), rows.end());
  }
  EXPECT_EQ(one_by_one, whole);
  // No columns: the deleted rows are still left out.
  const auto nothing = test::Pin(path, {});
  EXPECT_EQ(Scan(*nothing, 0, table->physical_rows()).size(), whole.size());
}

INSTANTIATE_TEST_SUITE_P(Tables, GoldenScanTest,
                         ::testing::Values("dv-with-columnmapping", "log-replay-dv-key-cases"));

}  // namespace
}  // namespace spillway::pipeline
