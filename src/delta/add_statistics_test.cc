#include "delta/add_statistics.h"

#include <cmath>
#include <limits>

#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "delta/statistics_bound.h"

namespace spillway::delta {
namespace {

std::shared_ptr<arrow::Scalar> Timestamp(int64_t micros, const std::string& zone) {
  return std::make_shared<arrow::TimestampScalar>(micros,
                                                  arrow::timestamp(arrow::TimeUnit::MICRO, zone));
}

std::shared_ptr<arrow::Scalar> Decimal(const std::string& text, int32_t precision, int32_t scale) {
  return std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128::FromString(text).ValueOrDie(),
                                                   arrow::decimal128(precision, scale));
}

std::string Minimum(const std::shared_ptr<arrow::Scalar>& value) {
  return BoundJson(*value, Bound::kMinimum).value_or("none");
}

std::string Maximum(const std::shared_ptr<arrow::Scalar>& value) {
  return BoundJson(*value, Bound::kMaximum).value_or("none");
}

std::shared_ptr<arrow::Scalar> Text(const std::string& text) { return arrow::MakeScalar(text); }

// The text is what Spark 4.2 with Delta 4.4 writes for the same values, bounds of timestamps and
// floating columns apart (the header says how and why).
TEST(AddStatistics, HasDeltasForm) {
  const std::vector<ColumnStatistics> columns = {
      {{"id"}, 0, arrow::MakeScalar(int64_t{1}), arrow::MakeScalar(int64_t{3})},
      {{"name"}, 1, Text("a"), Text("z\"é")},
      {{"content"},
       2,
       arrow::MakeScalar(arrow::binary(), arrow::Buffer::FromString("x")).ValueOrDie()},
      {{"s", "y"}, 0, arrow::MakeScalar(int32_t{-7}), arrow::MakeScalar(int32_t{9})},
      {{"s", "z"}, 3},
      {{"unknown"}, -1},
  };
  ASSERT_EQ(StatisticsJson(3, columns).ValueOrDie(),
            R"({"numRecords":3,"minValues":{"id":1,"name":"a","s":{"y":-7}},)"
            R"("maxValues":{"id":3,"name":"z\"é","s":{"y":9}},)"
            R"("nullCount":{"id":0,"name":1,"content":2,"s":{"y":0,"z":3}}})");
}

TEST(AddStatistics, EmptyFile) {
  EXPECT_EQ(StatisticsJson(0, {}).ValueOrDie(),
            R"({"numRecords":0,"minValues":{},"maxValues":{},"nullCount":{}})");
}

TEST(AddStatistics, RefusesTwoValuesForOneName) {
  EXPECT_FALSE(StatisticsJson(1, {{{"a"}, 1}, {{"a", "b"}, 1}}).ok());
  EXPECT_FALSE(StatisticsJson(1, {{{"a"}, 1}, {{"a"}, 1}}).ok());
  EXPECT_FALSE(StatisticsJson(1, {{{}, 1}}).ok());
}

TEST(AddStatistics, MaximumOfFloatingNeedsNoNan) {
  ColumnStatistics column{{"x"}, 0, arrow::MakeScalar(-2.0), arrow::MakeScalar(1e20)};
  EXPECT_EQ(StatisticsJson(1, {column}).ValueOrDie(),
            R"({"numRecords":1,"minValues":{"x":-2.0},"maxValues":{},"nullCount":{"x":0}})");
  column.is_nan_free = true;
  EXPECT_EQ(
      StatisticsJson(1, {column}).ValueOrDie(),
      R"({"numRecords":1,"minValues":{"x":-2.0},"maxValues":{"x":1e+20},"nullCount":{"x":0}})");
}

TEST(StatisticsBound, Floating) {
  EXPECT_EQ(Minimum(arrow::MakeScalar(0.0)), "-0.0");
  EXPECT_EQ(Maximum(arrow::MakeScalar(-0.0)), "0.0");
  EXPECT_EQ(Maximum(arrow::MakeScalar(0.1f)), "0.1");
  EXPECT_EQ(Maximum(arrow::MakeScalar(5e-324)), "5e-324");
  EXPECT_EQ(Minimum(arrow::MakeScalar(-std::numeric_limits<double>::infinity())), "none");
  EXPECT_EQ(Maximum(arrow::MakeScalar(std::nan(""))), "none");
}

TEST(StatisticsBound, Decimals) {
  EXPECT_EQ(Minimum(Decimal("-0.04", 10, 2)), "-0.04");
  EXPECT_EQ(Minimum(Decimal("12.30", 10, 2)), "12.30");
  EXPECT_EQ(Minimum(Decimal("7", 10, 0)), "7");
  EXPECT_EQ(Maximum(Decimal("0.00000000000000000001", 38, 20)), "0.00000000000000000001");
  EXPECT_EQ(Maximum(Decimal("-99999999999999999999999999999999999999", 38, 0)),
            "-99999999999999999999999999999999999999");
}

TEST(StatisticsBound, Dates) {
  const auto date = [](int32_t days) { return std::make_shared<arrow::Date32Scalar>(days); };
  EXPECT_EQ(Minimum(date(0)), R"("1970-01-01")");
  EXPECT_EQ(Minimum(date(-141428)), R"("1582-10-14")");
  EXPECT_EQ(Minimum(date(-719162)), R"("0001-01-01")");
  EXPECT_EQ(Minimum(date(-719163)), "none");
  EXPECT_EQ(Maximum(date(2932896)), R"("9999-12-31")");
  EXPECT_EQ(Maximum(date(2932897)), "none");
}

TEST(StatisticsBound, TimestampsRoundOutward) {
  EXPECT_EQ(Minimum(Timestamp(1700000000123456, "UTC")), R"("2023-11-14T22:13:20.123Z")");
  EXPECT_EQ(Maximum(Timestamp(1700000000123456, "UTC")), R"("2023-11-14T22:13:20.124Z")");
  EXPECT_EQ(Maximum(Timestamp(1700000000123000, "UTC")), R"("2023-11-14T22:13:20.123Z")");
  EXPECT_EQ(Minimum(Timestamp(-1, "")), R"("1969-12-31T23:59:59.999")");
  EXPECT_EQ(Maximum(Timestamp(-1, "")), R"("1970-01-01T00:00:00.000")");
  const auto nanos =
      arrow::TimestampScalar(1999999, arrow::timestamp(arrow::TimeUnit::NANO, "UTC"));
  EXPECT_EQ(BoundJson(nanos, Bound::kMinimum), R"("1970-01-01T00:00:00.001Z")");
  EXPECT_EQ(BoundJson(nanos, Bound::kMaximum), R"("1970-01-01T00:00:00.002Z")");
}

TEST(StatisticsBound, TimestampsThatNoDateHoldsHaveNone) {
  for (const arrow::TimeUnit::type unit :
       {arrow::TimeUnit::SECOND, arrow::TimeUnit::MILLI, arrow::TimeUnit::MICRO}) {
    for (const int64_t value :
         {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
      const arrow::TimestampScalar scalar(value, arrow::timestamp(unit, "UTC"));
      EXPECT_EQ(BoundJson(scalar, Bound::kMinimum), std::nullopt) << scalar.ToString();
      EXPECT_EQ(BoundJson(scalar, Bound::kMaximum), std::nullopt) << scalar.ToString();
    }
  }
}

TEST(StatisticsBound, StringsAreCutAt32Characters) {
  const std::string whole(32, 'a');
  EXPECT_EQ(Minimum(Text(whole)), "\"" + whole + "\"");
  EXPECT_EQ(Maximum(Text(whole)), "\"" + whole + "\"");
  EXPECT_EQ(Minimum(Text(whole + "b")), "\"" + whole + "\"");
  EXPECT_EQ(Maximum(Text(whole + "b")), "\"" + whole + "\x7F\"");
  EXPECT_EQ(Maximum(Text(whole + "é")), "\"" + whole + "\xF4\x8F\xBF\xBF\"");
  EXPECT_EQ(Maximum(Text(whole + "\x7F")), "\"" + whole + "\xF4\x8F\xBF\xBF\"");
}

TEST(StatisticsBound, StringsAreCutBetweenCharacters) {
  std::string wide;
  for (int i = 0; i < 40; ++i) wide += "\xF0\x9F\x98\x80";  // four bytes each
  EXPECT_EQ(Minimum(Text(wide)), "\"" + wide.substr(0, 128) + "\"");
  EXPECT_EQ(Maximum(Text(wide)), "\"" + wide.substr(0, 128) + "\xF4\x8F\xBF\xBF\"");
}

TEST(StatisticsBound, CutMovesPastTheLastCodePoint) {
  const std::string last = "\xF4\x8F\xBF\xBF";
  const std::string start = std::string(32, 'a') + last;
  EXPECT_EQ(Maximum(Text(start + "b")), "\"" + start + "\x7F\"");
  EXPECT_EQ(Maximum(Text(start)), "\"" + start + "\"");
  std::string all_last(32, 'a');
  for (int i = 0; i < 33; ++i) all_last += last;
  EXPECT_EQ(Maximum(Text(all_last)), "none");
}

TEST(StatisticsBound, NoneForWhatSparkHasNone) {
  EXPECT_EQ(Minimum(arrow::MakeScalar(true)), "none");
  EXPECT_EQ(Minimum(arrow::MakeNullScalar(arrow::int64())), "none");
  EXPECT_EQ(Minimum(Text("bad \xFF text")), "none");
}

// Bounds must hold by bytes, which is how Spark compares strings.
TEST(StatisticsBound, CutStringsStayBounds) {
  const std::vector<std::string> pieces = {
      "a", "~", "\x7F", "é", "\xEF\xBF\xBF", "\xF0\x9F\x98\x80"};
  for (const std::string& filler : pieces) {
    for (const std::string& tail : pieces) {
      std::string text;
      for (int i = 0; i < 32; ++i) text += filler;
      text += tail + tail;
      const std::string minimum = Minimum(Text(text));
      const std::string maximum = Maximum(Text(text));
      EXPECT_LE(minimum.substr(1, minimum.size() - 2), text);
      EXPECT_GT(maximum.substr(1, maximum.size() - 2), text);
    }
  }
}

}  // namespace
}  // namespace spillway::delta
