#include "parquet/old_calendar.h"

#include <arrow/builder.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "parquet/data_file.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

constexpr int32_t kSwitchDay = -141'427;  // 15 October 1582
constexpr int64_t kMicrosOfDay = 86'400'000'000;
constexpr int64_t kMicros1900 = -2'208'988'800'000'000;

using Marks = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<arrow::DataType> Instant() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

class OldCalendarTest : public testing::Test {
 protected:
  // A file of one row with these footer marks: the day and the instant, both also inside lists of
  // rows, and the instant in the unit and form that `properties` and `arrow_properties` make of it.
  void Write(int32_t day, int64_t micros, const Marks& marks, bool int96 = false,
             bool statistics = true) {
    std::vector<std::string> keys;
    std::vector<std::string> values;
    for (const auto& [key, value] : marks) {
      keys.push_back(key);
      values.push_back(value);
    }
    const auto schema =
        arrow::schema({arrow::field("number", arrow::int32()), arrow::field("day", arrow::date32()),
                       arrow::field("instant", Instant()), NestedField()},
                      arrow::key_value_metadata(keys, values));
    const auto table =
        arrow::Table::Make(schema, {One<arrow::Int32Builder>(7, arrow::int32()),
                                    One<arrow::Date32Builder>(day, arrow::date32()),
                                    One<arrow::TimestampBuilder>(micros, Instant()), Nested(day)});
    auto properties = Properties();
    if (!statistics) properties.disable_statistics();
    auto arrow_properties = ArrowProperties();
    if (int96) arrow_properties.enable_deprecated_int96_timestamps();
    WriteWithArrow(*table, path_, 10, properties.build(), arrow_properties.store_schema()->build());
  }

  static std::shared_ptr<arrow::Field> NestedField() {
    return arrow::field(
        "rows", arrow::list(arrow::field("element",
                                         arrow::struct_({arrow::field("day", arrow::date32())}))));
  }

  template <typename Builder, typename Value>
  static std::shared_ptr<arrow::Array> One(Value value,
                                           const std::shared_ptr<arrow::DataType>& type) {
    Builder builder(type, arrow::default_memory_pool());
    EXPECT_TRUE(builder.Append(value).ok());
    return builder.Finish().ValueOrDie();
  }

  static std::shared_ptr<arrow::Array> Nested(int32_t day) {
    const auto days = One<arrow::Date32Builder>(day, arrow::date32());
    const auto rows =
        arrow::StructArray::Make({days}, {arrow::field("day", arrow::date32())}).ValueOrDie();
    const auto ends = One<arrow::Int32Builder>(0, arrow::int32());
    arrow::Int32Builder offsets;
    EXPECT_TRUE(offsets.AppendValues({0, 1}).ok());
    return arrow::ListArray::FromArrays(NestedField()->type(), *offsets.Finish().ValueOrDie(),
                                        *rows)
        .ValueOrDie();
  }

  // Reads the columns; what they fail with: at once, or while they stream.
  struct Read {
    Status planned;
    Status streamed;
  };
  Read ReadColumns(const std::vector<std::string>& names) const {
    const auto schema =
        arrow::schema({arrow::field("number", arrow::int32()), arrow::field("day", arrow::date32()),
                       arrow::field("instant", Instant()), NestedField()});
    std::vector<ReadColumn> columns;
    for (const std::string& name : names) {
      columns.push_back({.physical_name = name, .field = schema->GetFieldByName(name)});
    }
    const auto reader =
        FileReader::Open(path_, -1, {.pool = arrow::default_memory_pool()}).ValueOrDie();
    const auto stream = reader->Read(columns, 0, 1);
    if (!stream.ok()) return {.planned = stream.status(), .streamed = Status::OK()};
    std::shared_ptr<arrow::RecordBatch> batch;
    return {.planned = Status::OK(), .streamed = (*stream)->ReadNext(&batch)};
  }

  bool IsRefused(const std::string& name) const {
    const Read read = ReadColumns({name});
    const Status& status = read.planned.ok() ? read.streamed : read.planned;
    if (status.ok()) return false;
    const auto error = FindError(status);
    EXPECT_TRUE(error) << status.ToString();
    EXPECT_EQ(error->code, ErrorCode::kUnsupportedFeature);
    EXPECT_NE(error->what.find(name), std::string::npos) << error->what;
    EXPECT_EQ(error->where, path_);
    return true;
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("source.parquet");
};

const Marks kLegacy = {{"org.apache.spark.version", "4.2.0"},
                       {"org.apache.spark.legacyDateTime", ""},
                       {"org.apache.spark.timeZone", "UTC"}};

TEST_F(OldCalendarTest, DaysBeforeTheSwitchAreRefused) {
  Write(kSwitchDay - 1, 0, kLegacy);
  EXPECT_TRUE(IsRefused("day"));
  EXPECT_TRUE(IsRefused("rows"));
  EXPECT_FALSE(IsRefused("instant"));
  EXPECT_FALSE(IsRefused("number"));
  Write(kSwitchDay, 0, kLegacy);
  EXPECT_FALSE(IsRefused("day"));
  EXPECT_FALSE(IsRefused("rows"));
}

TEST_F(OldCalendarTest, InstantsBeforeTheSwitchAreRefused) {
  Write(0, kSwitchDay * kMicrosOfDay - 1, kLegacy);
  EXPECT_TRUE(IsRefused("instant"));
  EXPECT_FALSE(IsRefused("day"));
  Write(0, kSwitchDay * kMicrosOfDay, kLegacy);
  EXPECT_FALSE(IsRefused("instant"));
}

// With what a zone was ahead of UTC before 1900, one would have to know its history.
TEST_F(OldCalendarTest, InstantsOfAnotherZoneAreRefusedBefore1900) {
  Marks marks = kLegacy;
  marks.back().second = "Europe/Berlin";
  Write(0, kMicros1900 - 1, marks);
  EXPECT_TRUE(IsRefused("instant"));
  Write(0, kMicros1900, marks);
  EXPECT_FALSE(IsRefused("instant"));
}

TEST_F(OldCalendarTest, SparksVersionTellsToo) {
  const auto is_refused = [this](const std::string& version, const std::string& column) {
    Write(kSwitchDay - 1, 0, {{"org.apache.spark.version", version}});
    return IsRefused(column);
  };
  EXPECT_TRUE(is_refused("2.4.8", "day"));
  EXPECT_FALSE(is_refused("3.0.0", "day"));
  EXPECT_FALSE(is_refused("3.0.1-amzn-0", "day"));
  EXPECT_FALSE(is_refused("10.2.0", "day"));
  EXPECT_FALSE(is_refused("no version", "day"));
  Write(kSwitchDay - 1, 0, {});
  EXPECT_FALSE(IsRefused("day"));
}

TEST_F(OldCalendarTest, Int96HasAMarkOfItsOwn) {
  const int64_t old = kSwitchDay * kMicrosOfDay - 1;
  Write(kSwitchDay - 1, old, {{"org.apache.spark.legacyINT96", ""}}, /*int96=*/true);
  EXPECT_TRUE(IsRefused("instant"));
  EXPECT_FALSE(IsRefused("day"));
  Write(0, old, {{"org.apache.spark.legacyDateTime", ""}}, /*int96=*/true);
  EXPECT_FALSE(IsRefused("instant"));
  Write(0, old, {{"org.apache.spark.version", "3.0.3"}}, /*int96=*/true);
  EXPECT_TRUE(IsRefused("instant"));
  Write(0, old, {{"org.apache.spark.version", "3.1.0"}}, /*int96=*/true);
  EXPECT_FALSE(IsRefused("instant"));
}

// Statistics refuse a file before a row is read; without them the values do.
TEST_F(OldCalendarTest, StatisticsAreLookedAtFirst) {
  Write(kSwitchDay - 1, 0, kLegacy);
  EXPECT_FALSE(ReadColumns({"number", "day"}).planned.ok());
  Write(kSwitchDay - 1, 0, kLegacy, /*int96=*/false, /*statistics=*/false);
  const Read read = ReadColumns({"number", "day"});
  EXPECT_TRUE(read.planned.ok());
  EXPECT_FALSE(read.streamed.ok());
}

}  // namespace
}  // namespace spillway::parquet
