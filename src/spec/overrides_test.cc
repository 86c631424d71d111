#include "spec/overrides.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::spec {
namespace {

using testing::HasSubstr;

constexpr std::string_view kFile =
    "pipeline: p\n"
    "source: {table: a}\n"
    "lookups:\n"
    "  - {name: predictions, table: t, key: [k]}\n"
    "variables: {Limit: 1}\n"
    "columns: {c: \"x + ${Limit}\"}\n"
    "target: {table: b}\n"
    "processing: {chunk_size: 10}\n";

Result<Spec> ParseSet(const std::vector<std::string>& flags,
                      std::map<std::string, std::string> environment = {}) {
  ParseOptions options;
  options.environment = std::move(environment);
  for (const std::string& flag : flags) {
    ARROW_ASSIGN_OR_RAISE(Override change, ParseSetFlag(flag));
    options.overrides.push_back(std::move(change));
  }
  return ParsePipelineText(kFile, "p.yaml", options);
}

std::string ErrorOf(const Result<Spec>& spec) {
  if (spec.ok()) return "ok";
  const auto info = FindError(spec.status());
  if (!info) return "uncoded: " + spec.status().ToString();
  return fmt::format("{} {}: {} | {}", CodeName(info->code), info->where, info->what, info->cure);
}

TEST(Overrides, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::map<std::string, std::string> environment = {{"SPILLWAY_PROCESSING_CHUNK_SIZE", "20"},
                                                          {"SPILLWAY_MODE", "chunked"}};
  EXPECT_EQ(ParseSet({})->processing.chunk_size_rows, 10);
  EXPECT_EQ(ParseSet({}, environment)->processing.chunk_size_rows, 20);
  EXPECT_EQ(ParseSet({}, environment)->mode, Mode::kChunked);
  EXPECT_EQ(ParseSet({"processing.chunk_size=30"}, environment)->processing.chunk_size_rows, 30);
  EXPECT_EQ(ParseSet({"processing.chunk_size=null"}, environment)->processing.chunk_size_rows,
            1'000'000);
  EXPECT_EQ(
      ParseSet({"processing.chunk_size=1", "processing.chunk_size=2"})->processing.chunk_size_rows,
      2);
}

TEST(Overrides, SetReachesEveryKindOfKey) {
  const auto spec = ParseSet({"pipeline=12", "source.version=7", "where=a = '#1' AND b: c",
                              "lookups.predictions.type=inner",
                              "lookups.predictions.columns=[x, y]", "drop=[a, b]", "columns.c=1",
                              "columns.d=null_column", "target.properties.delta.appendOnly=true",
                              "resources={memory: 1GiB}", "variables.Limit='0.5'"});
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->pipeline.text, "12");
  EXPECT_EQ(spec->source.version, 7);
  EXPECT_EQ(spec->where->text, "a = '#1' AND b: c");
  EXPECT_EQ(spec->lookups[0].type, LookupType::kInner);
  EXPECT_EQ(spec->lookups[0].columns.names.size(), 2u);
  EXPECT_EQ(spec->drop.size(), 2u);
  EXPECT_EQ(spec->columns[0].expression.text, "1");
  EXPECT_EQ(spec->columns[1].name.text, "d");
  EXPECT_EQ(spec->target.properties.at("delta.appendOnly"), "true");
  EXPECT_EQ(spec->resources.memory_bytes, kGiB);
  EXPECT_EQ(spec->resources.memory_origin, "--set resources");
  EXPECT_EQ(spec->variables.at("Limit").kind, Variable::Kind::kString);
}

TEST(Overrides, ErrorsNameTheFlagOrVariable) {
  EXPECT_EQ(
      ErrorOf(ParseSet({"processing.chunk_size=many"})),
      "SPW-1104 --set processing.chunk_size: \"processing.chunk_size\" must be a whole number, "
      "but this is text (\"many\") | write it like 1000000 or 1_000_000");
  EXPECT_EQ(ErrorOf(ParseSet({"procesing.chunk_size=1"})),
            "SPW-1103 --set procesing.chunk_size: unknown key \"procesing\" | write "
            "\"processing\"");
  EXPECT_THAT(ErrorOf(ParseSet({"target.cluster_by=x"})), HasSubstr("SPW-1106 --set"));
  EXPECT_THAT(ErrorOf(ParseSet({"streaming.trigger=x"})), HasSubstr("SPW-1106 --set"));
  EXPECT_THAT(ErrorOf(ParseSet({"mode=streaming"})), HasSubstr("SPW-1106 --set mode"));
  EXPECT_THAT(ErrorOf(ParseSet({"lookups.prediction.type=inner"})),
              HasSubstr("write \"predictions\""));
  EXPECT_THAT(ErrorOf(ParseSet({"lookups.predictions=x"})), HasSubstr("lookups.NAME.table"));
  EXPECT_THAT(ErrorOf(ParseSet({"expectations=[{name: a, expect: b}]", "expectations.c.expect=d"})),
              HasSubstr("\"expectations\" has no item named \"c\""));
  EXPECT_THAT(ErrorOf(ParseSet({"expectations=[{name: a, expect: b}]", "expectations.a=d"})),
              HasSubstr("expectations.NAME.expect"));
  EXPECT_THAT(ErrorOf(ParseSet({"mode.x=1"})), HasSubstr("SPW-1103 --set mode.x"));
  EXPECT_THAT(ErrorOf(ParseSet({"drop=[a"})), HasSubstr("SPW-1102 --set drop"));
  EXPECT_THAT(ErrorOf(ParseSet({"where=a > ${no}"})),
              HasSubstr("SPW-1109 --set where, character 5"));
  EXPECT_THAT(ErrorOf(ParseSet({"nothing"})), HasSubstr("SPW-1001"));
  EXPECT_THAT(ErrorOf(ParseSet({"=1"})), HasSubstr("SPW-1001"));
  EXPECT_THAT(ErrorOf(ParseSet({}, {{"SPILLWAY_MEMORY", "lots"}})),
              HasSubstr("SPW-1104 environment SPILLWAY_MEMORY"));
}

// What they set ends in STRING columns and in the log, which hold nothing else.
TEST(Overrides, MustBeUtf8) {
  constexpr char kOdd[] = "'\xE6\x97|'";
  EXPECT_EQ(ErrorOf(ParseSet({std::string("where=") + kOdd})),
            "SPW-1108 --set where: the text is not UTF-8 | write it in UTF-8");
  EXPECT_THAT(ErrorOf(ParseSet({"columns.\xFF=1"})), HasSubstr("SPW-1108 --set columns."));
  EXPECT_THAT(ErrorOf(ParseSet({}, {{"SPILLWAY_WHERE", kOdd}})),
              HasSubstr("SPW-1108 environment SPILLWAY_WHERE"));
  EXPECT_THAT(ErrorOf(ParseSet({"source.table=${env:ODD}"}, {{"ODD", kOdd}})),
              HasSubstr("SPW-1108 --set source.table: the environment variable ODD is not"));
}

TEST(Overrides, EnvironmentNamesKeysAndVariables) {
  const auto spec = ParseSet({}, {{"SPILLWAY_MEMORY", "2GiB"},
                                  {"SPILLWAY_VARIABLES_LIMIT", "5"},
                                  {"SPILLWAY_VARIABLES_NEW_ONE", "six"},
                                  {"SPILLWAY_TARGET_PROPERTIES", "{a.b: c}"},
                                  {"SPILLWAY_WHERE", ""}});
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->resources.memory_bytes, 2 * kGiB);
  EXPECT_EQ(spec->resources.memory_origin, "environment SPILLWAY_MEMORY");
  EXPECT_EQ(spec->columns[0].expression.text, "x + 5");
  EXPECT_EQ(spec->variables.at("new_one").text, "six");
  EXPECT_EQ(spec->target.properties.at("a.b"), "c");
  EXPECT_FALSE(spec->where);
}

TEST(Overrides, EnvironmentThatLooksLikeAKeyIsRefused) {
  for (const char* name : {"SPILLWAY_MEMROY", "SPILLWAY_PROCESSING_CHUNKS", "SPILLWAY_TARGET_FOO",
                           "SPILLWAY_LOOKUPS_PREDICTIONS_TABLE"}) {
    EXPECT_THAT(ErrorOf(ParseSet({}, {{name, "x"}})), HasSubstr("SPW-1103 environment ")) << name;
  }
  EXPECT_THAT(ErrorOf(ParseSet({}, {{"SPILLWAY_TARGET_CLUSTER_BY", "x"}})), HasSubstr("SPW-1106"));
  EXPECT_THAT(
      ErrorOf(ParseSet({}, {{"SPILLWAY_MEMORY", "1GiB"}, {"SPILLWAY_RESOURCES_MEMORY", "1GiB"}})),
      HasSubstr("SPW-1107"));
  for (const char* name :
       {"SPILLWAY_CACHE", "SPILLWAY_BIN", "SPILLWAY_CORPORA", "SPILLWAY_ARROW_ROOT",
        "SPILLWAY_PROGRAM", "SPILLWAY_SPARK_HOME", "PROCESSING_CHUNK_SIZE"}) {
    EXPECT_EQ(ErrorOf(ParseSet({}, {{name, "x"}})), "ok") << name;
  }
}

TEST(Overrides, AnAliasedSectionChangesInOnePlaceOnly) {
  ParseOptions options;
  options.overrides.push_back({"source.table", "other", "--set source.table"});
  const auto spec =
      ParsePipelineText("pipeline: p\nsource: &t {table: a}\ntarget: *t\n", "p.yaml", options);
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->source.path.text, "other");
  EXPECT_EQ(spec->target.path.text, "a");
}

TEST(Overrides, MakeAPipelineOutOfAnEmptyFile) {
  ParseOptions options;
  options.overrides = {
      {"pipeline", "p", "f"}, {"source.table", "a", "f"}, {"target.table", "b", "f"}};
  EXPECT_EQ(ErrorOf(ParsePipelineText("# nothing\n", "p.yaml", options)), "ok");
}

}  // namespace
}  // namespace spillway::spec
