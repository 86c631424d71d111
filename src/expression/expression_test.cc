// What the case tables cannot hold: errors and their places, which columns are read, lazy branches,
// limits, and that a batch gives what its rows give one by one.
#include "expression/expression.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/compare.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "expression/function_table.h"

namespace spillway::expression {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema(
      {arrow::field("severity", arrow::float64()), arrow::field("content", arrow::binary()),
       arrow::field("n", arrow::int32()), arrow::field("Name", arrow::utf8()),
       arrow::field("flag", arrow::boolean()), arrow::field("amount", arrow::decimal128(10, 2)),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
       arrow::field("tags", arrow::list(arrow::utf8())),
       arrow::field("place", arrow::struct_({arrow::field("x", arrow::int32())}))});
}

ErrorInfo BindError(std::string_view text) {
  const auto bound = Bind(text, *Schema());
  EXPECT_FALSE(bound.ok()) << text;
  const auto error = FindError(bound.status());
  EXPECT_TRUE(error) << bound.status();
  return error.value_or(ErrorInfo{.code = ErrorCode::kInternal, .what = ""});
}

BoundExpression MustBind(std::string_view text, const arrow::Schema& schema) {
  auto bound = Bind(text, schema);
  EXPECT_TRUE(bound.ok()) << text << ": " << RenderError(bound.status());
  return std::move(bound).ValueOrDie();
}

// `rows` random rows with nulls, NaN, zeros and limits in them.
std::shared_ptr<arrow::RecordBatch> RandomBatch(int64_t rows, std::mt19937& random) {
  const auto chance = [&random](int percent) { return static_cast<int>(random() % 100) < percent; };
  arrow::DoubleBuilder severity;
  arrow::BinaryBuilder content;
  arrow::Int32Builder n;
  arrow::StringBuilder name;
  arrow::BooleanBuilder flag;
  const std::string texts[] = {"", "a", "12", "-7", "Äpfel", "x%y", "2024-02-29", "日本"};
  for (int64_t i = 0; i < rows; ++i) {
    const double number = chance(10) ? std::nan("") : static_cast<double>(random() % 100) / 100.0;
    EXPECT_TRUE((chance(15) ? severity.AppendNull() : severity.Append(number)).ok());
    EXPECT_TRUE((chance(15) ? content.AppendNull() : content.Append("bytes")).ok());
    const int32_t whole =
        chance(5) ? std::numeric_limits<int32_t>::max() : static_cast<int32_t>(random() % 7) - 3;
    EXPECT_TRUE((chance(15) ? n.AppendNull() : n.Append(whole)).ok());
    EXPECT_TRUE((chance(15) ? name.AppendNull() : name.Append(texts[random() % 8])).ok());
    EXPECT_TRUE((chance(15) ? flag.AppendNull() : flag.Append(chance(50))).ok());
  }
  const auto schema = arrow::schema({Schema()->field(0), Schema()->field(1), Schema()->field(2),
                                     Schema()->field(3), Schema()->field(4)});
  return arrow::RecordBatch::Make(
      schema, rows,
      {severity.Finish().ValueOrDie(), content.Finish().ValueOrDie(), n.Finish().ValueOrDie(),
       name.Finish().ValueOrDie(), flag.Finish().ValueOrDie()});
}

std::shared_ptr<arrow::Scalar> At(const arrow::Datum& datum, int64_t row) {
  return datum.is_scalar() ? datum.scalar() : datum.make_array()->GetScalar(row).ValueOrDie();
}

// The expressions take every kind of conditional node, with parts that fail on some rows.
const char* const kLazyExpressions[] = {
    "CASE WHEN n <> 0 THEN 100 / n ELSE 0 END",
    "CASE WHEN n = 0 THEN 'none' WHEN 10 / n > 3 THEN 'big' WHEN 10 / n < -3 THEN Name END",
    "CASE n WHEN 0 THEN 1 WHEN 10 div nullif(n, 0) THEN 2 ELSE n END",
    "n <> 0 AND 10 / n > 2",
    "n = 0 OR 10 / n > 2",
    "coalesce(severity, CASE WHEN n <> 0 THEN 1 / n END, -1)",
    "if(Name LIKE 'x%', 1, length(Name))",
    "CASE WHEN Name IN ('12', '-7') THEN CAST(Name AS INT) + 1 END",
    "try_cast(Name AS INT)",
    "n IN (1, CASE WHEN n <> 0 THEN 4 div n END, 3)",
    "nullif(n, -3) BETWEEN -2 AND CASE WHEN n < 2147483647 THEN n + 1 ELSE n END",
    "greatest(n, try_cast(Name AS INT), 0)",
    "upper(Name) || '-' || coalesce(CAST(n AS STRING), '?')",
    "severity >= 0.5 IS NOT TRUE",
    "CASE WHEN flag THEN severity ELSE CAST(n AS DOUBLE) END",
    "substring(Name, n, 2)",
    "Name LIKE '%1%' OR Name LIKE '_'",
};

TEST(Expression, ABatchGivesWhatItsRowsGiveAlone) {
  const unsigned seed = 20260517;
  std::mt19937 random(seed);
  const auto batch = RandomBatch(300, random);
  for (const char* text : kLazyExpressions) {
    const auto bound = MustBind(text, *batch->schema());
    const auto whole = bound.Evaluate(*batch, {});
    ASSERT_TRUE(whole.ok()) << text << ": " << RenderError(whole.status());
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      const auto one = bound.Evaluate(*batch->Slice(row, 1), {});
      ASSERT_TRUE(one.ok()) << text << ": " << RenderError(one.status());
      ASSERT_TRUE(
          At(*one, 0)->Equals(*At(*whole, row), arrow::EqualOptions::Defaults().nans_equal(true)))
          << text << " at row " << row << ", seed " << seed << ": " << At(*one, 0)->ToString()
          << " alone, " << At(*whole, row)->ToString() << " in the batch";
    }
  }
}

// The expressions of the sample pipeline, against the same rules written in C++.
TEST(Expression, ComputesTheSamplePipeline) {
  const unsigned seed = 38;
  std::mt19937 random(seed);
  const auto batch = RandomBatch(2'000, random);
  const auto category = MustBind(
      "CASE WHEN severity >= 0.8 THEN 'High' WHEN severity >= 0.6 THEN 'Medium-High' "
      "WHEN severity >= 0.4 THEN 'Medium' WHEN severity >= 0.2 THEN 'Low-Medium' ELSE 'Low' END",
      *batch->schema());
  const auto score = MustBind(
      "CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0D "
      "WHEN content IS NOT NULL THEN 0.7D WHEN severity IS NOT NULL THEN 0.3D ELSE 0.0D END",
      *batch->schema());
  EXPECT_THAT(category.columns(), ElementsAre(0));
  EXPECT_THAT(score.columns(), ElementsAre(0, 1));
  EXPECT_THAT(score.null_test_only_columns(), ElementsAre(0, 1));
  EXPECT_FALSE(score.nullable());
  EXPECT_TRUE(score.type()->Equals(*arrow::float64()));
  const auto categories = category.Evaluate(*batch, {}).ValueOrDie().make_array();
  const auto scores = score.Evaluate(*batch, {}).ValueOrDie().make_array();
  const auto& severity = static_cast<const arrow::DoubleArray&>(*batch->column(0));
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    const bool known = severity.IsValid(row);
    const double value = severity.Value(row);
    const auto above = [&](double limit) { return known && (std::isnan(value) || value >= limit); };
    const std::string expected = above(0.8)   ? "High"
                                 : above(0.6) ? "Medium-High"
                                 : above(0.4) ? "Medium"
                                 : above(0.2) ? "Low-Medium"
                                              : "Low";
    ASSERT_EQ(static_cast<const arrow::StringArray&>(*categories).GetView(row), expected)
        << value << ", seed " << seed;
    const bool has_content = batch->column(1)->IsValid(row);
    ASSERT_EQ(static_cast<const arrow::DoubleArray&>(*scores).Value(row),
              has_content ? (known ? 1.0 : 0.7) : (known ? 0.3 : 0.0));
  }
}

TEST(Expression, GivesScalarsWhereNothingVaries) {
  const auto schema = Schema();
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), 5, arrow::ArrayVector{});
  const auto now = MustBind("date_format(current_timestamp(), 'yyyy-MM-dd')", *batch->schema());
  EXPECT_FALSE(now.constant());
  const auto day = now.Evaluate(*batch, {.now_micros = 1779012672131415}).ValueOrDie();
  ASSERT_TRUE(day.is_scalar());
  EXPECT_EQ(day.scalar()->ToString(), "2026-05-17");
  const auto constant = MustBind("1 + 2 * 3", *batch->schema());
  EXPECT_TRUE(constant.constant());
  EXPECT_EQ(constant.Evaluate(*batch, {}).ValueOrDie().scalar()->ToString(), "7");
}

TEST(Expression, TakesAnyArrayWhereOnlyNullsMatter) {
  const auto bound = MustBind("content IS NULL AND isnotnull(n)", *Schema());
  EXPECT_THAT(bound.columns(), ElementsAre(1, 2));
  EXPECT_THAT(bound.null_test_only_columns(), ElementsAre(1, 2));
  arrow::BooleanBuilder stand_in;
  ASSERT_TRUE(
      stand_in
          .AppendValues(std::vector<bool>{true, false, true}, std::vector<bool>{true, false, false})
          .ok());
  const auto array = stand_in.Finish().ValueOrDie();
  const auto nulls = std::make_shared<arrow::NullArray>(3);
  const auto batch = arrow::RecordBatch::Make(
      Schema(), 3, {nulls, nulls, array, nulls, nulls, nulls, nulls, nulls, nulls});
  const auto result = bound.Evaluate(*batch, {}).ValueOrDie().make_array();
  EXPECT_TRUE(static_cast<const arrow::BooleanArray&>(*result).Value(0));
  EXPECT_FALSE(static_cast<const arrow::BooleanArray&>(*result).Value(1));
  EXPECT_EQ(result->null_count(), 0);
  EXPECT_TRUE(MustBind("n IS NULL OR n > 1", *Schema()).null_test_only_columns().empty());
  EXPECT_THAT(MustBind("tags IS NULL", *Schema()).columns(), ElementsAre(7));
}

TEST(Expression, AcceptsLargeTextsAndSlicesAndNoRows) {
  arrow::LargeStringBuilder builder;
  for (const char* text : {"zero", "one", "two", "three"}) ASSERT_TRUE(builder.Append(text).ok());
  const auto schema = arrow::schema({arrow::field("s", arrow::large_utf8())});
  const auto batch = arrow::RecordBatch::Make(schema, 4, {builder.Finish().ValueOrDie()});
  const auto bound = MustBind("upper(s)", *schema);
  EXPECT_TRUE(bound.type()->Equals(*arrow::utf8()));
  const auto result = bound.Evaluate(*batch->Slice(2, 2), {}).ValueOrDie().make_array();
  EXPECT_EQ(result->ToString(), "[\n  \"TWO\",\n  \"THREE\"\n]");
  const auto none = bound.Evaluate(*batch->Slice(0, 0), {}).ValueOrDie();
  EXPECT_EQ(none.make_array()->length(), 0);
}

TEST(Expression, PointsAtTheFault) {
  const ErrorInfo unknown = BindError("n + sevrity");
  EXPECT_EQ(unknown.code, ErrorCode::kUnknownColumn);
  EXPECT_EQ(unknown.where, "column 5 of the expression");
  EXPECT_THAT(unknown.why, HasSubstr("\n    n + sevrity\n        ^"));
  EXPECT_EQ(unknown.cure, "did you mean severity?");

  EXPECT_EQ(BindError("1 +").code, ErrorCode::kExpressionSyntax);
  EXPECT_EQ(BindError("'äöü' || §").where, "column 10 of the expression");
  EXPECT_EQ(BindError("cbrt(n)").code, ErrorCode::kExpressionUnsupported);
  EXPECT_EQ(BindError("array_sort(tags)").code, ErrorCode::kExpressionUnsupported);
  const ErrorInfo function = BindError("uper(Name)");
  EXPECT_EQ(function.code, ErrorCode::kUnknownFunction);
  EXPECT_EQ(function.cure, "did you mean upper?");
  EXPECT_EQ(BindError("uppre(Name)").cure, "did you mean upper?");
  EXPECT_EQ(BindError("upper(Name, Name)").code, ErrorCode::kUnknownFunction);
  EXPECT_EQ(BindError("flag + 1").code, ErrorCode::kExpressionType);
  EXPECT_EQ(BindError("CAST(flag AS DATE)").code, ErrorCode::kExpressionType);
  EXPECT_EQ(BindError("place.y").code, ErrorCode::kUnknownColumn);
  EXPECT_EQ(BindError("INTERVAL 1 DAY").code, ErrorCode::kExpressionUnsupported);
  EXPECT_EQ(BindError("1 / 0").code, ErrorCode::kEvaluation);
  EXPECT_EQ(BindError("date_format(at, 'YYYY')").code, ErrorCode::kEvaluation);
  EXPECT_EQ(BindError("tags").code, ErrorCode::kExpressionUnsupported);
}

TEST(Expression, RefusesNamesThatTwoColumnsHave) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int32()), arrow::field("A", arrow::int32())});
  const auto bound = Bind("a + 1", *schema);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(FindError(bound.status())->code, ErrorCode::kAmbiguousColumn);
}

TEST(Expression, NamesTheValueThatFails) {
  arrow::Int32Builder n;
  ASSERT_TRUE(n.AppendValues({5, 0}).ok());
  const auto schema = arrow::schema({arrow::field("n", arrow::int32())});
  const auto batch = arrow::RecordBatch::Make(schema, 2, {n.Finish().ValueOrDie()});
  const auto bound = MustBind("1 + 10 / n", *schema);
  const auto error = FindError(bound.Evaluate(*batch, {}).status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kEvaluation);
  EXPECT_EQ(error->what, "division by zero: 10.0 / 0.0");
  EXPECT_EQ(error->where, "column 8 of the expression");
  EXPECT_THAT(error->cure, HasSubstr("nullif"));
}

// A letter of Spark's that is not computed here, in a pattern that only the rows tell.
TEST(Expression, APatternOfARowFailsWithTheRow) {
  EXPECT_EQ(BindError("to_timestamp(Name, 'v')").code, ErrorCode::kExpressionUnsupported);
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append("v").ok());
  const auto schema = arrow::schema({arrow::field("t", arrow::utf8())});
  const auto batch = arrow::RecordBatch::Make(schema, 1, {texts.Finish().ValueOrDie()});
  for (const char* text : {"to_timestamp(t, t)", "to_date(t, t)"}) {
    const auto error = FindError(MustBind(text, *schema).Evaluate(*batch, {}).status());
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code, ErrorCode::kEvaluation) << text;
    EXPECT_THAT(error->what, HasSubstr("the letter v")) << text;
  }
}

TEST(Expression, RefusesWhatIsTooDeepOrTooLong) {
  const auto repeat = [](std::string_view text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text;
    return result;
  };
  const std::string deep[] = {repeat("(", 20'000) + "1" + repeat(")", 20'000),
                              repeat("NOT ", 16'000) + "flag",
                              repeat("- ", 30'000) + "n",
                              "n" + repeat("+1", 30'000),
                              "n" + repeat("::int", 10'000),
                              repeat("CASE WHEN flag THEN ", 3'000) + "1" + repeat(" END", 3'000),
                              repeat("abs(", 10'000) + "n" + repeat(")", 10'000)};
  for (const std::string& text : deep) {
    EXPECT_EQ(BindError(text).code, ErrorCode::kExpressionSyntax) << text.substr(0, 30);
  }
  EXPECT_EQ(BindError(repeat("1 ", 40'000)).code, ErrorCode::kExpressionSyntax);
  MustBind("n" + repeat("+1", 450), *Schema());
  MustBind("n = 0" + repeat(" OR n = 1", 5'000), *Schema());
  MustBind(repeat("(", 450) + "n" + repeat(")", 450), *Schema());
}

TEST(Expression, ReportsAPoolThatRefuses) {
  class RefusingPool : public arrow::ProxyMemoryPool {
   public:
    using ProxyMemoryPool::ProxyMemoryPool;
    Status Allocate(int64_t, int64_t, uint8_t**) override { return Status::OutOfMemory("no more"); }
  };
  std::mt19937 random(1);
  const auto batch = RandomBatch(100, random);
  RefusingPool pool(arrow::default_memory_pool());
  const auto bound = MustBind("n * 2L", *batch->schema());
  const auto error = FindError(bound.Evaluate(*batch, {.pool = &pool}).status());
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kBudgetExceeded);
}

TEST(Expression, FoldsTheTimeOfTodayAtEvaluationOnly) {
  const auto schema = arrow::schema(arrow::FieldVector{});
  const auto batch = arrow::RecordBatch::Make(schema, 1, arrow::ArrayVector{});
  const auto bound = MustBind("CAST('12:00:00' AS TIMESTAMP)", *schema);
  EXPECT_FALSE(bound.constant());
  const auto noon = bound.Evaluate(*batch, {.now_micros = 86'400'000'000}).ValueOrDie();
  EXPECT_EQ(static_cast<const arrow::TimestampScalar&>(*noon.scalar()).value, 129'600'000'000);
}

TEST(Expression, TellsWhatDependsOnTheTime) {
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  const auto dependence = [&](std::string_view text) {
    return MustBind(text, *schema).time_dependence();
  };
  EXPECT_EQ(dependence("year(current_date()) + 1"), TimeDependence::kAlways);
  EXPECT_EQ(dependence("if(now() > text, 1, 2)"), TimeDependence::kAlways);
  EXPECT_EQ(dependence("to_timestamp(text)"), TimeDependence::kByText);
  EXPECT_EQ(dependence("hour(text) + 1"), TimeDependence::kByText);
  EXPECT_EQ(dependence("CAST('12:00:00' AS TIMESTAMP)"), TimeDependence::kByText);
  EXPECT_EQ(dependence("CAST('2020-01-01 12:00:00' AS TIMESTAMP)"), TimeDependence::kNever);
  EXPECT_EQ(dependence("CAST(text AS TIMESTAMP_NTZ)"), TimeDependence::kNever);
  EXPECT_EQ(dependence("to_timestamp(text, 'HH:mm:ss')"), TimeDependence::kNever);
}

TEST(Expression, TellsWhetherATextWasOfToday) {
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  const auto was_found = [&](std::string_view expression, std::string_view rows) {
    const auto array = arrow::json::ArrayFromJSONString(arrow::utf8(), rows).ValueOrDie();
    const auto batch = arrow::RecordBatch::Make(schema, array->length(), {array});
    std::atomic<bool> found = false;
    const auto value =
        MustBind(expression, *schema).Evaluate(*batch, {.found_time_of_today = &found});
    EXPECT_TRUE(value.ok()) << value.status().ToString();
    return found.load();
  };
  const std::string_view cast = "CAST(text AS TIMESTAMP)";
  EXPECT_TRUE(was_found(cast, R"(["2020-01-01", "T12"])"));
  EXPECT_TRUE(was_found("TIMESTAMP '12:30:00'", R"(["2020-01-01"])"));
  EXPECT_FALSE(was_found(cast, R"(["2020-01-01 12:30:00", null, "2020"])"));
  EXPECT_FALSE(was_found("try_cast(text AS TIMESTAMP)", R"(["25:30:00"])"));
  EXPECT_FALSE(was_found("try_cast(text AS TIMESTAMP_NTZ)", R"(["12:30:00"])"));
  // Only what is evaluated counts.
  EXPECT_FALSE(was_found("CASE WHEN text > '2' THEN CAST(text AS TIMESTAMP) END",
                         R"(["12:30:00", "2020-01-01"])"));
}

TEST(Documentation, NamesEveryFunction) {
  std::ifstream file("docs/expressions.md");  // tests run in the root of the sources
  std::stringstream text;
  text << file.rdbuf();
  for (const std::string& name : FunctionNames()) {
    EXPECT_THAT(text.str(), HasSubstr("`" + name + "`")) << "docs/expressions.md lacks a function";
  }
}

// The same values as Evaluate gives, in a dictionary that does not depend on the batch.
TEST(Expression, ACaseOfConstantsGivesADictionary) {
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto batch_of = [&schema](std::string_view rows) {
    const auto array = arrow::json::ArrayFromJSONString(arrow::int64(), rows).ValueOrDie();
    return arrow::RecordBatch::Make(schema, array->length(), {array});
  };
  for (const std::string_view text :
       {"CASE WHEN x > 5 THEN 'high' WHEN x > 2 THEN 'low' WHEN x = 2 THEN 'high' ELSE '' END",
        "CASE WHEN x > 5 THEN 'high' WHEN x > 2 THEN NULL END",
        "CASE x WHEN 1 THEN 'one' WHEN 1 / (x - 3) THEN 'never' ELSE 'other' END",
        "CASE WHEN x IS NULL THEN 'none' ELSE concat('so', 'me') END",
        "CASE WHEN x > 1 THEN 1 ELSE 2 END", "CASE WHEN x > 5 THEN 0.5D WHEN x > 2 THEN -0D END",
        "CASE WHEN x > 5 THEN DATE '2026-01-02' ELSE DATE '2025-12-31' END",
        "CASE WHEN x > 5 THEN TIMESTAMP '2026-01-02 03:04:05' END"}) {
    SCOPED_TRACE(text);
    const auto bound = MustBind(text, *schema);
    ASSERT_TRUE(bound.gives_dictionary());
    std::shared_ptr<arrow::Array> dictionary;
    for (const std::string_view rows : {"[1, 2, null, 4, 9, 2]", "[7, 7]", "[null]", "[1]", "[]"}) {
      const auto batch = batch_of(rows);
      const auto array = bound.EvaluateDictionary(bound.ReadFrom(*batch), {}).ValueOrDie();
      ASSERT_TRUE(array->ValidateFull().ok());
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
      const auto plain = bound.Evaluate(*batch, {}).ValueOrDie();
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        const auto expected =
            plain.is_array() ? plain.make_array()->GetScalar(row).ValueOrDie() : plain.scalar();
        const auto found =
            encoded.IsNull(row)
                ? arrow::MakeNullScalar(bound.type())
                : encoded.dictionary()->GetScalar(encoded.GetValueIndex(row)).ValueOrDie();
        ASSERT_TRUE(found->Equals(*expected)) << row << ": " << found->ToString();
      }
      EXPECT_TRUE(dictionary == nullptr || dictionary->Equals(*encoded.dictionary()));
      dictionary = encoded.dictionary();
    }
  }
  for (const std::string_view text :
       {"CASE WHEN x > 1 THEN 'a' ELSE CAST(x AS STRING) END", "CASE WHEN x > 1 THEN x END",
        "CASE WHEN x > 1 THEN true ELSE false END", "CASE WHEN x > 1 THEN 1.5 ELSE 2.5 END"}) {
    EXPECT_FALSE(MustBind(text, *schema).gives_dictionary()) << text;
  }
}

}  // namespace
}  // namespace spillway::expression
