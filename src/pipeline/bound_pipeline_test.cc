#include "pipeline/bound_pipeline.h"

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

using arrow::field;
using expression::TimeDependence;
using test::CodeOf;
using test::WhereOf;

class BindTest : public ::testing::Test {
 protected:
  // Binds the pipeline whose lines follow the fixed head of four.
  Result<std::unique_ptr<BoundPipeline>> Bind(std::string_view lines) {
    const auto text = fmt::format(
        "pipeline: test\nsource: {{table: source}}\ntarget: {{table: target}}\n{}", lines);
    ARROW_ASSIGN_OR_RAISE(spec_, test::ParseSpec(folder_, text));
    const auto end = lookups_.begin() + static_cast<ptrdiff_t>(spec_.lookups.size());
    return BindPipeline(spec_, *source_, {lookups_.begin(), end});
  }

  std::unique_ptr<BoundPipeline> Bound(std::string_view lines) {
    auto bound = Bind(lines);
    EXPECT_TRUE(bound.ok()) << bound.status().ToString();
    return bound.ok() ? *std::move(bound) : std::make_unique<BoundPipeline>();
  }

  void ExpectError(std::string_view lines, ErrorCode code, const std::string& place) {
    const Status status = Bind(lines).status();
    ASSERT_FALSE(status.ok()) << lines;
    EXPECT_EQ(CodeOf(status), code) << status.ToString();
    EXPECT_EQ(WhereOf(status), place) << status.ToString();
  }

  const test::TestFolder folder_;
  spec::Spec spec_;
  const std::shared_ptr<arrow::Schema> source_ =
      arrow::schema({field("id", arrow::int64(), false), field("name", arrow::utf8()),
                     field("content", arrow::binary()), field("tags", arrow::list(arrow::utf8())),
                     field("size", arrow::int32())});
  const std::vector<std::shared_ptr<arrow::Schema>> lookups_ = {arrow::schema(
      {field("severity", arrow::float64()), field("name", arrow::utf8()),
       field("model", arrow::utf8()), field("extra", arrow::map(arrow::utf8(), arrow::int32()))})};
};

constexpr std::string_view kLookup = "lookups: [{name: found, table: found, key: [name]}]\n";

std::vector<std::string> Names(const BoundPipeline& bound) {
  return bound.output_schema->field_names();
}

using Strings = std::vector<std::string>;
using Ints = std::vector<int>;

TEST_F(BindTest, CopiesTheSourceAndMakesAllNullable) {
  const auto bound = Bound("");
  EXPECT_EQ(bound->source_columns, (Ints{0, 1, 2, 3, 4}));
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "content", "tags", "size"}));
  for (const auto& column : bound->output_schema->fields()) EXPECT_TRUE(column->nullable());
  EXPECT_FALSE(bound->where);
  EXPECT_EQ(bound->rows_time_dependence, TimeDependence::kNever);
}

TEST_F(BindTest, OrdersSourceLookupDerived) {
  const auto bound = Bound(fmt::format("{}columns: {{a: size + 1, b: a * 2}}\n", kLookup));
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "content", "tags", "size", "severity", "model",
                                    "extra", "a", "b"}));
  EXPECT_EQ(bound->lookups[0].table_columns, (Ints{0, 1, 2, 3}));
  EXPECT_EQ(bound->lookups[0].source_keys, (Ints{1}));
  EXPECT_EQ(bound->lookups[0].build_schema->field_names(),
            (Strings{"name", "severity", "model", "extra"}));
}

TEST_F(BindTest, ReadsNoColumnThatNothingNeeds) {
  const auto bound = Bound(
      "lookups: [{name: found, table: found, key: [name]}]\n"
      "where: size > 3\n"
      "columns: {loud: upper(model)}\n"
      "drop: [Content, tags, size, severity, extra, model]\n");
  EXPECT_EQ(bound->source_columns, (Ints{0, 1, 4}));
  EXPECT_EQ(bound->where->columns(), (Ints{2}));
  EXPECT_EQ(bound->lookups[0].table_columns, (Ints{1, 2}));
  EXPECT_EQ(bound->lookups[0].build_schema->field_names(), (Strings{"name", "model"}));
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "loud"}));
  EXPECT_EQ(bound->output_columns, (Ints{0, 1, 4}));
}

TEST_F(BindTest, KeepsTheKeyOfALookupWithoutPayload) {
  const auto bound = Bound(fmt::format("{}drop: [name, severity, model, extra]\n", kLookup));
  EXPECT_EQ(bound->lookups[0].table_columns, (Ints{1}));
  EXPECT_EQ(bound->source_columns, (Ints{0, 1, 2, 3, 4}));
  EXPECT_EQ(Names(*bound), (Strings{"id", "content", "tags", "size"}));
}

TEST_F(BindTest, ADerivedColumnTakesThePlaceOfOneOfItsName) {
  const auto bound = Bound("columns: {SIZE: CAST(size AS STRING), twice: 'concat(size, size)'}\n");
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "content", "tags", "SIZE", "twice"}));
  EXPECT_EQ(bound->derived[0].position, 4);
  EXPECT_TRUE(bound->output_schema->field(4)->type()->Equals(arrow::utf8()));
}

TEST_F(BindTest, DropsDerivedColumnsAfterTheirUse) {
  const auto bound = Bound("columns: {a: size + 1, b: a + 1}\ndrop: [A, content, tags]\n");
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "size", "b"}));
  EXPECT_EQ(bound->source_columns, (Ints{0, 1, 4}));
}

TEST_F(BindTest, ProjectsNamesAndExpressionsOfALookup) {
  const auto names = Bound(
      "lookups: [{name: f, table: f, key: [name], columns: [MODEL, severity], type: inner,"
      " duplicates: first}]\n");
  EXPECT_EQ(names->lookups[0].build_schema->field_names(), (Strings{"name", "model", "severity"}));
  EXPECT_EQ(names->lookups[0].type, join::JoinType::kInner);
  EXPECT_EQ(names->lookups[0].duplicates, join::DuplicatePolicy::kFirst);

  const auto made = Bound(
      "lookups: [{name: f, table: f, key: [name], columns: "
      "{half: severity / 2, all: '`extra`', loud: upper(model)}}]\n"
      "drop: [loud]\n");
  const BoundLookup& lookup = made->lookups[0];
  EXPECT_EQ(lookup.table_columns, (Ints{0, 1, 3}));
  EXPECT_EQ(lookup.build_schema->field_names(), (Strings{"name", "half", "all"}));
  EXPECT_EQ(lookup.projections[0].column, 1);
  EXPECT_EQ(lookup.projections[1].expression->columns(), (Ints{0}));
  EXPECT_EQ(lookup.projections[2].column, 2);  // a map, taken as it is
}

TEST_F(BindTest, KnowsWhatDependsOnTheTime) {
  const auto bound = Bound(
      "columns: {now: current_timestamp(), day: year(now), fixed: size, now2: 1, later: now2}\n");
  std::vector<TimeDependence> expected(10, TimeDependence::kNever);
  expected[5] = expected[6] = TimeDependence::kAlways;
  EXPECT_EQ(bound->output_time_dependence, expected);
  EXPECT_EQ(bound->rows_time_dependence, TimeDependence::kNever);
  EXPECT_EQ(Bound("where: current_date() > DATE'2020-01-01'\n")->rows_time_dependence,
            TimeDependence::kAlways);
}

TEST_F(BindTest, KnowsWhatATextMayMakeDependOnTheTime) {
  const auto bound = Bound(
      "where: to_timestamp(name) > '2020-01-01'\n"
      "columns: {at: to_timestamp(name), hour: hour(at), both: current_date() > at}\n");
  std::vector<TimeDependence> expected(8, TimeDependence::kNever);
  expected[5] = expected[6] = TimeDependence::kByText;
  expected[7] = TimeDependence::kAlways;
  EXPECT_EQ(bound->output_time_dependence, expected);
  EXPECT_EQ(bound->rows_time_dependence, TimeDependence::kByText);
}

TEST_F(BindTest, ErrorsHaveTheirPlaceInTheFile) {
  ExpectError("where: size + 1\n", ErrorCode::kExpressionType, "test.yaml:4:8");
  ExpectError("where: sise > 1\n", ErrorCode::kUnknownColumn, "test.yaml:4:8");
  ExpectError("columns: {a: size + nothing}\n", ErrorCode::kUnknownColumn, "test.yaml:4:21");
  ExpectError("columns: {a: size +}\n", ErrorCode::kExpressionSyntax, "test.yaml:4:20");
  ExpectError("columns: {a: nosuch(size)}\n", ErrorCode::kUnknownFunction, "test.yaml:4:14");
  ExpectError("columns: {b: a, a: size}\n", ErrorCode::kUnknownColumn, "test.yaml:4:14");
  ExpectError("columns: {a: 'NULL'}\n", ErrorCode::kExpressionType, "test.yaml:4:15");
  ExpectError("drop: [nosuch]\n", ErrorCode::kUnknownColumn, "test.yaml:4:8");
  ExpectError("drop: [id, name, content, tags, size]\n", ErrorCode::kValueOutOfRange,
              "test.yaml:4:8");
}

TEST_F(BindTest, ErrorsOfLookupsHaveTheirPlaceInTheFile) {
  // The place is where `token` stands in the line.
  const auto expect = [this](std::string_view lookup, ErrorCode code, std::string_view token) {
    const std::string line = fmt::format("lookups: [{{name: f, table: f, {}}}]\n", lookup);
    ExpectError(line, code, fmt::format("test.yaml:4:{}", line.find(token) + 1));
  };
  expect("key: [nosuch]", ErrorCode::kKeyColumnMissing, "nosuch");
  expect("key: [id]", ErrorCode::kKeyColumnMissing, "id]");  // only the source has it
  expect("key: [{source: content, lookup: severity}]", ErrorCode::kKeyTypeMismatch, "content");
  expect("key: [{source: tags, lookup: extra}]", ErrorCode::kKeyTypeMismatch, "tags");
  expect("key: [name], columns: [model, nosuch]", ErrorCode::kUnknownColumn, "nosuch");
  expect("key: [name], columns: {a: nosuch}", ErrorCode::kUnknownColumn, "nosuch");
  expect("key: [name], columns: {a: CAST(model AS INT) + nosuch}", ErrorCode::kUnknownColumn,
         "nosuch");
  expect("key: [name], columns: {a: 'NULL'}", ErrorCode::kExpressionType, "NULL");
  expect("key: [name], columns: {SIZE: model}", ErrorCode::kColumnNameCollision, "f, table");
  expect("key: [name], columns: [name]", ErrorCode::kColumnNameCollision, "f, table");
  // Dropping the source's column does not help: it is there when the lookup adds its own.
  ExpectError("lookups: [{name: f, table: f, key: [name], columns: {size: model}}]\ndrop: [size]\n",
              ErrorCode::kColumnNameCollision, "test.yaml:4:18");
}

TEST_F(BindTest, RefusesAKeyOfATypeThatHasNoHash) {
  const auto lists = arrow::schema({field("tags", arrow::list(arrow::utf8()))});
  const auto parsed = test::ParseSpec(folder_,
                                      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n"
                                      "lookups: [{name: f, table: f, key: [tags]}]\n");
  const Status status = BindPipeline(*parsed, *source_, {lists}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnsupportedType);
  EXPECT_EQ(WhereOf(status), "test.yaml:4:37");
}

TEST_F(BindTest, ALaterLookupMayUseAnEarlierOnesPayload) {
  const auto second = arrow::schema({field("model", arrow::utf8()), field("maker", arrow::utf8())});
  const auto parsed = test::ParseSpec(
      folder_,
      "pipeline: test\nsource: {table: s}\ntarget: {table: t}\ndrop: [severity, extra, content]\n"
      "lookups: [{name: f, table: f, key: [name]}, {name: g, table: g, key: [model]}]\n");
  const auto bound = BindPipeline(*parsed, *source_, {lookups_[0], second}).ValueOrDie();
  EXPECT_EQ(Names(*bound), (Strings{"id", "name", "tags", "size", "model", "maker"}));
  EXPECT_EQ(bound->lookups[1].source_keys, (Ints{4}));
}

}  // namespace
}  // namespace spillway::pipeline
