// What a condition can be, by bounds alone, against what it is in random rows with those bounds.
#include "expression/possible_results.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::expression {
namespace {

using Random = std::mt19937_64;

// A column with the values that it may have, ascending as Spark orders them, and how they are
// written in SQL.
struct Domain {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::vector<std::string> json;
  std::vector<std::string> sql;
};

const std::vector<Domain>& Domains() {
  static const std::vector<Domain> domains = {
      {"i", arrow::int32(), {"-5", "0", "1", "7", "2147483647"}, {"-5", "0", "1", "7", "100L"}},
      {"l", arrow::int64(), {"-9000000000", "0", "3", "8"}, {"-9000000000L", "0", "3", "8.5"}},
      {"d",
       arrow::decimal128(10, 2),
       {"\"-1.50\"", "\"0.00\"", "\"2.25\"", "\"99.99\""},
       {"-1.5", "0", "2.250", "99"}},
      {"s",
       arrow::utf8(),
       {"\"\"", "\"a\"", "\"ab\"", "\"abc\"", "\"b\"", "\"\u00e9\""},
       {"''", "'a'", "'ab'", "'abc'", "'b'", "'x'"}},
      {"day",
       arrow::date32(),
       {"-700", "0", "19000", "20000"},
       {"DATE '1968-01-01'", "'1970-01-01'", "DATE '2022-01-08'", "'2030-01-01'"}},
      {"at",
       arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
       {"-1", "0", "1641600000000000", "1641600000000001"},
       {"TIMESTAMP '1970-01-01 00:00:00'", "TIMESTAMP '2022-01-08 00:00:00'", "DATE '2022-01-08'"}},
      {"f",
       arrow::float64(),
       {"-Inf", "-0.0", "0.0", "2.5", "NaN"},
       {"-1", "0", "2.5D", "CAST('NaN' AS DOUBLE)"}},
      {"b", arrow::boolean(), {"false", "true"}, {"false", "true"}}};
  return domains;
}

std::shared_ptr<arrow::Schema> Schema() {
  arrow::FieldVector fields;
  for (const Domain& domain : Domains()) fields.push_back(arrow::field(domain.name, domain.type));
  return arrow::schema(std::move(fields));
}

class PossibleResultsTest : public testing::Test {
 protected:
  uint64_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  const T& OneOf(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

  std::string Condition(int depth) {
    if (depth > 0 && OneIn(2)) {
      switch (Below(5)) {
        case 0:
        case 1:
          return fmt::format("({} AND {})", Condition(depth - 1), Condition(depth - 1));
        case 2:
        case 3:
          return fmt::format("({} OR {})", Condition(depth - 1), Condition(depth - 1));
        default:
          return fmt::format("(NOT {})", Condition(depth - 1));
      }
    }
    const Domain& domain = OneOf(Domains());
    const std::string value = OneIn(12) ? "NULL" : OneOf(domain.sql);
    switch (Below(12)) {
      case 0:
        return fmt::format("{} IS {}NULL", domain.name, OneIn(2) ? "NOT " : "");
      case 1:
        return fmt::format("{} {}IN ({}, {})", domain.name, OneIn(2) ? "NOT " : "", value,
                           OneOf(domain.sql));
      case 2:
        return fmt::format("{} {}BETWEEN {} AND {}", domain.name, OneIn(3) ? "NOT " : "", value,
                           OneOf(domain.sql));
      case 3:
        return fmt::format("s LIKE '{}'",
                           OneOf<std::string>({"a%", "ab_", "b", "%c", "x%", "\\\\%"}));
      case 4:
        return fmt::format("{} {} {}", value, Comparison(), domain.name);
      case 5:
        return OneOf<std::string>(
            {"l / i > 0", "CAST(s AS INT) > 0", "i + 1 > 0", "b", "i < l", "CAST(l AS INT) >= 1",
             "CAST(at AS DATE) = day", "i + 1 BETWEEN 0 AND 5", "d > i", "at < current_timestamp()",
             "(b = true) IS TRUE", "year(day) = 2022", "CASE WHEN i > 3 THEN b ELSE s = 'a' END",
             "TRY_CAST(s AS INT) IS NULL", "f > i", "CAST(f AS INT) = 0"});
      default:
        return fmt::format("{} {} {}", domain.name, Comparison(), value);
    }
  }

  std::string Comparison() { return OneOf<std::string>({"=", "<>", "<", "<=", ">", ">=", "<=>"}); }

  // Values of a few neighbours in the domain, and what is said of them.
  std::shared_ptr<arrow::Array> Column(const Domain& domain, int64_t rows, KnownColumn* known) {
    const size_t first = Below(domain.json.size());
    const size_t last = first + Below(std::min<size_t>(3, domain.json.size() - first));
    const size_t nulls = Below(4);  // none, a few, or all
    bool has_null = false;
    bool has_value = false;
    std::string json = "[";
    for (int64_t row = 0; row < rows; ++row) {
      const bool is_null = nulls == 3 || (nulls == 2 && OneIn(3));
      (is_null ? has_null : has_value) = true;
      json +=
          (row > 0 ? "," : "") + (is_null ? "null" : domain.json[first + Below(last - first + 1)]);
    }
    const auto bound = [&](size_t place) {
      return arrow::json::ArrayFromJSONString(domain.type, "[" + domain.json[place] + "]")
          .ValueOrDie()
          ->GetScalar(0)
          .ValueOrDie();
    };
    if (!OneIn(5)) known->minimum = bound(first > 0 && OneIn(4) ? first - 1 : first);
    if (!OneIn(5)) known->maximum = bound(last);
    known->may_be_null = has_null || OneIn(5);
    known->may_be_value = has_value || OneIn(5);
    return arrow::json::ArrayFromJSONString(domain.type, json + "]").ValueOrDie();
  }

  Random random_;
};

// How often something was ruled out.
struct Counts {
  int64_t tried = 0;
  int64_t not_true = 0;
  int64_t never_true = 0;  // and so it is
  int64_t cannot_fail = 0;
};

void Check(const BoundExpression& condition, const arrow::RecordBatch& batch,
           const PossibleResults& possible, Counts* counts) {
  bool is_ever_true = false;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    const auto result = condition.Evaluate(*batch.Slice(row, 1), {.now_micros = 1});
    if (!result.ok()) {
      ASSERT_TRUE(possible.can_fail) << result.status();
      is_ever_true = true;
      continue;
    }
    const auto value =
        result->is_scalar() ? result->scalar() : result->make_array()->GetScalar(0).ValueOrDie();
    const bool is_true = value->is_valid && static_cast<const arrow::BooleanScalar&>(*value).value;
    is_ever_true |= is_true;
    if (!value->is_valid) {
      ASSERT_TRUE(possible.can_be_null) << "row " << row;
    } else if (is_true) {
      ASSERT_TRUE(possible.can_be_true) << "row " << row;
    } else {
      ASSERT_TRUE(possible.can_be_false) << "row " << row;
    }
  }
  ++counts->tried;
  counts->not_true += possible.can_be_true ? 0 : 1;
  counts->never_true += is_ever_true ? 0 : 1;
  counts->cannot_fail += possible.can_fail ? 0 : 1;
}

TEST_F(PossibleResultsTest, NothingHappensThatWasRuledOut) {
  const char* given = std::getenv("SPILLWAY_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  random_.seed(seed);
  const auto schema = Schema();
  Counts counts;
  for (int round = 0; round < 4'000; ++round) {
    const std::string text = Condition(3);
    const auto condition = Bind(text, *schema);
    if (!condition.ok()) continue;  // a constant part fails, or has no type
    const auto rows = static_cast<int64_t>(1 + Below(5));
    std::vector<KnownColumn> known(Domains().size());
    arrow::ArrayVector columns;
    std::string told;
    for (size_t i = 0; i < Domains().size(); ++i) {
      columns.push_back(Column(Domains()[i], rows, &known[i]));
      const auto show = [](const auto& scalar) { return scalar ? scalar->ToString() : "?"; };
      told += fmt::format("{}: {} to {}, null {}, value {}\n", Domains()[i].name,
                          show(known[i].minimum), show(known[i].maximum), known[i].may_be_null,
                          known[i].may_be_value);
    }
    const auto batch = arrow::RecordBatch::Make(schema, rows, std::move(columns));
    std::vector<KnownColumn> read;
    for (const int column : condition->columns())
      read.push_back(known[static_cast<size_t>(column)]);
    SCOPED_TRACE(fmt::format("{}\n{}{}", text, told, batch->ToString()));
    ASSERT_NO_FATAL_FAILURE(
        Check(*condition, *batch, FindPossibleResults(*condition, read), &counts));
  }
  EXPECT_GT(counts.tried, 3'000);
  EXPECT_GT(2 * counts.not_true, counts.never_true) << counts.never_true;
  EXPECT_GT(3 * counts.cannot_fail, counts.tried);
}

KnownColumn Between(int32_t minimum, int32_t maximum) {
  return {.minimum = arrow::MakeScalar(minimum),
          .maximum = arrow::MakeScalar(maximum),
          .may_be_null = false};
}

PossibleResults ResultsOf(std::string_view text, const KnownColumn& n) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int32())});
  return FindPossibleResults(Bind(text, *schema).ValueOrDie(), std::vector{n});
}

TEST(PossibleResults, ComparisonsAtTheBounds) {
  const KnownColumn n = Between(3, 5);
  EXPECT_FALSE(ResultsOf("n < 3", n).can_be_true);
  EXPECT_TRUE(ResultsOf("n <= 3", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n > 5", n).can_be_true);
  EXPECT_TRUE(ResultsOf("5 <= n", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n = 6", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n BETWEEN 6 AND 9", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n NOT BETWEEN 3 AND 5", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n IN (1, 2, 6)", n).can_be_true);
  EXPECT_TRUE(ResultsOf("n IN (1, 4)", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n > 5.5", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n IS NULL", n).can_be_true);
  EXPECT_FALSE(ResultsOf("n >= 3 AND n <= 5", n).can_be_false);
  EXPECT_FALSE(ResultsOf("n >= 3", n).can_be_null);
}

TEST(PossibleResults, NullIsNeitherTrueNorFalse) {
  const KnownColumn nulls{.may_be_value = false};
  for (const std::string text : {"n = 1", "n <> 1", "NOT (n = 1)", "n IN (1)", "n NOT IN (1)",
                                 "n > 0 OR n <= 0", "n IS NOT NULL", "n = NULL"}) {
    EXPECT_FALSE(ResultsOf(text, nulls).can_be_true) << text;
  }
  EXPECT_FALSE(ResultsOf("n IS NULL", nulls).can_be_false);
  EXPECT_TRUE(ResultsOf("n <=> NULL", nulls).can_be_true);
  EXPECT_TRUE(ResultsOf("coalesce(n, 7) = 7", nulls).can_be_true);
  EXPECT_FALSE(ResultsOf("coalesce(n, 7) = 8", nulls).can_be_true);  // all rows have one value
  KnownColumn some = Between(3, 5);
  some.may_be_null = true;
  EXPECT_TRUE(ResultsOf("n > 5 OR n IS NULL", some).can_be_true);
  EXPECT_TRUE(ResultsOf("n > 5", some).can_be_null);
}

// AND leaves its right side alone where the left one is false, and only there.
TEST(PossibleResults, WhatIsNotEvaluatedDoesNotFail) {
  const KnownColumn n = Between(3, 5);
  EXPECT_TRUE(ResultsOf("10 / n > 1", n).can_fail);
  EXPECT_FALSE(ResultsOf("n > 9 AND 10 / n > 1", n).can_fail);
  EXPECT_TRUE(ResultsOf("10 / n > 1 AND n > 9", n).can_fail);
  EXPECT_FALSE(ResultsOf("10 / n > 1 AND n > 9", n).can_be_true);
  KnownColumn some = n;
  some.may_be_null = true;
  EXPECT_TRUE(ResultsOf("n > 9 AND 10 / n > 1", some).can_fail);
  EXPECT_FALSE(ResultsOf("n < 9 OR 10 / n > 1", n).can_fail);
}

TEST(PossibleResults, OneValueDecidesAnyExpression) {
  const auto schema = arrow::schema({arrow::field("s", arrow::utf8())});
  const auto results = [&](std::string_view text) {
    const KnownColumn s{.minimum = arrow::MakeScalar("2024-05-06"),
                        .maximum = arrow::MakeScalar("2024-05-06"),
                        .may_be_null = false};
    return FindPossibleResults(Bind(text, *schema).ValueOrDie(), std::vector{s});
  };
  EXPECT_FALSE(results("substring(s, 1, 4) = '2023'").can_be_true);
  EXPECT_FALSE(results("year(CAST(s AS DATE)) = 2024").can_be_false);
  EXPECT_FALSE(results("s LIKE '%-07-%'").can_be_true);
  // What fails on the value is not left out.
  EXPECT_TRUE(results("CAST(s AS INT) = 1").can_be_true);
  EXPECT_TRUE(results("CAST(s AS INT) = 1").can_fail);
  // What depends on the time is not known before the run.
  EXPECT_TRUE(results("CAST(s AS DATE) = current_date()").can_be_true);
}

}  // namespace
}  // namespace spillway::expression
