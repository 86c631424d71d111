#include "pipeline/log_statistics.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace spillway::pipeline {
namespace {

using expression::KnownColumn;

KnownColumn Read(const std::string& json, const std::shared_ptr<arrow::DataType>& type) {
  return ReadLogStatistics(json, {{"c", type}}).front();
}

// The bounds as text; "-" where there is none.
std::string Bounds(const std::string& minimum, const std::string& maximum,
                   const std::shared_ptr<arrow::DataType>& type) {
  const KnownColumn known = Read(
      R"({"numRecords":3,"minValues":{"c":)" + minimum + R"(},"maxValues":{"c":)" + maximum + "}}",
      type);
  const auto show = [](const std::shared_ptr<arrow::Scalar>& scalar) {
    return scalar == nullptr ? std::string("-") : scalar->ToString();
  };
  return show(known.minimum) + " to " + show(known.maximum);
}

TEST(ReadLogStatistics, BoundsOfEachType) {
  EXPECT_EQ(Bounds("-1", "9007199254740993", arrow::int64()), "-1 to 9007199254740993");
  EXPECT_EQ(Bounds("-1", "200", arrow::int8()), "-1 to -");  // no value of the type
  EXPECT_EQ(Bounds("\"2026-01-02\"", "\"2026-12-31\"", arrow::date32()),
            "2026-01-02 to 2026-12-31");
  EXPECT_EQ(Bounds("0.1", "1E+2", arrow::decimal128(9, 2)), "0.10 to 100.00");
  EXPECT_EQ(Bounds("0.001", "1", arrow::decimal128(9, 2)), "- to 1.00");
  EXPECT_EQ(Bounds("1", "2", arrow::decimal128(16, 2)), "- to -");  // may be rounded
  EXPECT_EQ(Bounds("1.5", "2.5", arrow::float64()), "- to -");      // NaN may be there
  EXPECT_EQ(Bounds("\"\"", "\"b\"", arrow::utf8()), " to b\xFF");
  EXPECT_EQ(Bounds("\"YQ==\"", "\"YQ==\"", arrow::binary()), "- to -");
}

TEST(ReadLogStatistics, InstantsMayBeCut) {
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  EXPECT_EQ(Bounds("\"2026-01-01T00:00:00.000Z\"", "\"2026-01-01T00:00:00.000Z\"", utc),
            "2025-12-31 23:59:59.999001Z to 2026-01-01 00:00:00.000999Z");
  // Of which zone, only its writer knows.
  EXPECT_EQ(Bounds("\"2026-01-01T00:00:00.000\"", "\"2026-01-01 00:00:00\"", utc), "- to -");
  EXPECT_EQ(Bounds("\"2026-01-01T00:00:00.000\"", "\"2026-01-01T00:00:00.5\"",
                   arrow::timestamp(arrow::TimeUnit::MICRO)),
            "2025-12-31 23:59:59.999001 to 2026-01-01 00:00:00.500999");
}

// Old ones are counted by another calendar, or by local times with seconds.
TEST(ReadLogStatistics, OldDaysSayNothing) {
  EXPECT_EQ(Bounds("\"1899-12-31\"", "\"1900-01-01\"", arrow::date32()), "- to 1900-01-01");
  EXPECT_EQ(Bounds("\"1500-01-01\"", "\"1600-01-01\"", arrow::date32()), "- to -");
  EXPECT_EQ(Bounds("\"1850-01-01T00:00:00.000Z\"", "\"1890-01-01T00:00:00.000Z\"",
                   arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
            "- to -");
}

TEST(ReadLogStatistics, ContradictionsSayNothing) {
  EXPECT_EQ(Bounds("2", "1", arrow::int64()), "- to -");
  EXPECT_EQ(Bounds("\"b\"", "\"a\"", arrow::utf8()), "- to -");
  EXPECT_EQ(Bounds("2.5", "2.25", arrow::decimal128(9, 2)), "- to -");
  EXPECT_EQ(Bounds("\"2026-01-02\"", "\"2026-01-01\"", arrow::date32()), "- to -");
  for (const std::string counts :
       {R"("numRecords":3,"nullCount":{"c":4})", R"("numRecords":3,"nullCount":{"c":-1})",
        R"("numRecords":-3,"nullCount":{"c":0})", R"("numRecords":"x","nullCount":{"c":0})"}) {
    const KnownColumn known = Read("{" + counts + R"(,"minValues":{"c":7}})", arrow::int32());
    EXPECT_EQ(known.minimum, nullptr) << counts;
    EXPECT_TRUE(known.may_be_null) << counts;
  }
}

// Some writers count the NULLs inside of lists and maps, and there are bounds only of values.
TEST(ReadLogStatistics, CountsThatMeanSomethingElse) {
  const KnownColumn list =
      Read(R"({"numRecords":3,"nullCount":{"c":3}})", arrow::list(arrow::int32()));
  EXPECT_TRUE(list.may_be_null && list.may_be_value);
  const KnownColumn bounded =
      Read(R"({"numRecords":3,"nullCount":{"c":3},"minValues":{"c":1}})", arrow::int32());
  EXPECT_TRUE(bounded.may_be_null && bounded.may_be_value);
}

TEST(ReadLogStatistics, Nulls) {
  const auto read = [](const std::string& counts) {
    return Read("{" + counts + "}", arrow::int32());
  };
  EXPECT_FALSE(read(R"("numRecords":3,"nullCount":{"c":0})").may_be_null);
  EXPECT_TRUE(read(R"("numRecords":3,"nullCount":{"c":1})").may_be_null);
  EXPECT_FALSE(read(R"("numRecords":3,"nullCount":{"c":3})").may_be_value);
  EXPECT_TRUE(read(R"("numRecords":3,"nullCount":{"c":1})").may_be_value);
  EXPECT_TRUE(read(R"("numRecords":3)").may_be_null);
  EXPECT_TRUE(read(R"("nullCount":{"c":3})").may_be_value);
  EXPECT_TRUE(read(R"("numRecords":3,"nullCount":{"d":{"c":3}})").may_be_value);
}

TEST(ReadLogStatistics, WhatCannotBeReadSaysNothing) {
  for (const std::string json :
       {"", "no JSON", R"({"minValues":{"c":1)", "[]", "3", R"({"minValues":{"c":{"x":1}}})",
        R"({"minValues":{"c":[1]}})", R"({"minValues":{"c":null,"C":1}})",
        R"({"other":{"c":1},"minValues":7})", R"({"minValues":{"c":"1e9999"}})"}) {
    const KnownColumn known = Read(json, arrow::int32());
    EXPECT_EQ(known.minimum, nullptr) << json;
    EXPECT_EQ(known.maximum, nullptr) << json;
    EXPECT_TRUE(known.may_be_null && known.may_be_value) << json;
  }
}

}  // namespace
}  // namespace spillway::pipeline
