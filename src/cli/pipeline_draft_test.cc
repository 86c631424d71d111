#include "cli/pipeline_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "spec/spec_parser.h"

namespace spillway::cli {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> Schema(const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const std::string& name : names) fields.push_back(arrow::field(name, arrow::utf8()));
  return arrow::schema(fields);
}

PipelineDraft DraftOf(const std::vector<std::string>& source,
                      const std::vector<std::string>& lookup, std::vector<DraftKey> key) {
  return {.source = {"lake/bronze", 3, Schema(source)},
          .lookup = DraftLookup{{"lake/predictions", 0, Schema(lookup)}, std::move(key)},
          .target = "lake/silver",
          .target_mode = "error_if_exists",
          .memory_bytes = 2 * kGiB,
          .memory_origin = "80 % of the RAM"};
}

spec::Spec Parsed(const PipelineDraft& draft) {
  const auto spec = spec::ParsePipelineText(DraftText(draft), "p.yaml", {});
  EXPECT_TRUE(spec.ok()) << RenderError(spec.status()) << DraftText(draft);
  return spec.ok() ? *spec : spec::Spec();
}

TEST(DraftText, SaysWhatTheDraftSays) {
  const spec::Spec spec =
      Parsed(DraftOf({"id", "a"}, {"id", "b"}, {{.source = "id", .lookup = "id"}}));
  EXPECT_EQ(spec.pipeline.text, "silver");
  EXPECT_EQ(spec.source.path.text, "lake/bronze");
  EXPECT_EQ(spec.target.path.text, "lake/silver");
  EXPECT_EQ(spec.resources.memory_bytes, 2 * kGiB);
  ASSERT_EQ(spec.lookups.size(), 1U);
  EXPECT_EQ(spec.lookups[0].name.text, "predictions");
  EXPECT_EQ(spec.lookups[0].key[0].source.text, "id");
  EXPECT_EQ(spec.lookups[0].columns.kind, spec::LookupColumns::Kind::kAll);
}

TEST(DraftText, RenamesWhatTheSourceHas) {
  const spec::Spec spec =
      Parsed(DraftOf({"id", "Score", "predictions_score", "day`s"}, {"id", "score", "b", "day`s"},
                     {{.source = "id", .lookup = "id"}}));
  const auto& columns = spec.lookups[0].columns;
  ASSERT_EQ(columns.kind, spec::LookupColumns::Kind::kExpressions);
  ASSERT_EQ(columns.expressions.size(), 3U);  // all but the key
  EXPECT_EQ(columns.expressions[0].name.text, "predictions_score_2");
  EXPECT_EQ(columns.expressions[0].expression.text, "score");
  EXPECT_EQ(columns.expressions[1].name.text, "b");
  EXPECT_EQ(columns.expressions[2].name.text, "predictions_day`s");
  EXPECT_EQ(columns.expressions[2].expression.text, "`day``s`");
}

TEST(DraftText, QuotesWhatYamlWouldReadOtherwise) {
  PipelineDraft draft = DraftOf({"no", "2026-01-01", "a: b", "${x}"}, {"no", "a: b", "${x}"},
                                {{.source = "no", .lookup = "no"}});
  draft.source.path = "lake/#1 ${y}";
  draft.target = "lake/- silver\"";
  const spec::Spec spec = Parsed(draft);
  EXPECT_EQ(spec.source.path.text, "lake/#1 ${y}");
  EXPECT_EQ(spec.target.path.text, "lake/- silver\"");
  EXPECT_EQ(spec.lookups[0].key[0].lookup.text, "no");
  EXPECT_EQ(spec.lookups[0].columns.expressions[0].expression.text, "`a: b`");
  EXPECT_EQ(spec.lookups[0].columns.expressions[1].expression.text, "`${x}`");
}

Result<std::vector<DraftKey>> Choose(const std::shared_ptr<arrow::Schema>& source,
                                     const std::shared_ptr<arrow::Schema>& lookup,
                                     const std::vector<std::string>& wanted = {}) {
  return ChooseKey({"s", 0, source}, {"l", 0, lookup}, wanted);
}

std::string RefusalOf(const Result<std::vector<DraftKey>>& key) {
  EXPECT_FALSE(key.ok());
  return RenderError(key.status());
}

TEST(ChooseKey, TakesTheOnlyCommonColumn) {
  const auto key = Choose(Schema({"x", "Id"}), Schema({"y", "id"})).ValueOrDie();
  ASSERT_EQ(key.size(), 1U);
  EXPECT_EQ(key[0].source, "Id");
  EXPECT_EQ(key[0].lookup, "id");
}

TEST(ChooseKey, LeavesTimesAndFloatsAside) {
  const auto time = arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  const auto number = arrow::field("score", arrow::float64());
  const auto id = arrow::field("id", arrow::int64());
  const auto schema = arrow::schema({time, number, id});
  EXPECT_EQ(Choose(schema, schema).ValueOrDie()[0].source, "id");
}

TEST(ChooseKey, NamesTheColumnsThatCouldBeMeant) {
  const std::string several = RefusalOf(Choose(Schema({"a", "b", "c"}), Schema({"b", "a"})));
  EXPECT_THAT(several, HasSubstr("both have the columns a, b"));
  EXPECT_THAT(several, HasSubstr("--key a"));
  const std::string none = RefusalOf(Choose(Schema({"a"}), Schema({"b"})));
  EXPECT_THAT(none, HasSubstr("the source has a; the lookup has b"));
}

TEST(ChooseKey, TakesWhatIsWanted) {
  const auto source = Schema({"a", "b"});
  const auto lookup = Schema({"B", "c"});
  const auto key = Choose(source, lookup, {"b", "a=c"}).ValueOrDie();
  ASSERT_EQ(key.size(), 2U);
  EXPECT_EQ(key[0].lookup, "B");
  EXPECT_EQ(key[1].source, "a");
  EXPECT_EQ(key[1].lookup, "c");
  EXPECT_THAT(RefusalOf(Choose(source, lookup, {"a"})), HasSubstr("no column \"a\" for --key"));
}

TEST(NameFromPath, IsTheFolderAsAName) {
  EXPECT_EQ(NameFromPath("lake/silver_accident/"), "silver_accident");
  EXPECT_EQ(NameFromPath("file:///lake/my table"), "my_table");
  EXPECT_EQ(NameFromPath("/"), "pipeline");
}

}  // namespace
}  // namespace spillway::cli
