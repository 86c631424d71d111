#include "spec/spec_parser.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::spec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kSmall =
    "pipeline: p\n"
    "source: {table: a}\n"
    "target: {table: b}\n";

Result<Spec> Parse(std::string_view text, const ParseOptions& options = {}) {
  return ParsePipelineText(text, "dir/p.yaml", options);
}

Result<Spec> ParseSmallAnd(std::string_view more, const ParseOptions& options = {}) {
  return Parse(fmt::format("{}{}", kSmall, more), options);
}

// "SPW-1103 dir/p.yaml:4:1 what | cure", or "ok".
std::string ErrorOf(const Result<Spec>& spec) {
  if (spec.ok()) return "ok";
  const auto info = FindError(spec.status());
  if (!info) return "uncoded: " + spec.status().ToString();
  return fmt::format("{} {} {} | {}", CodeName(info->code), info->where, info->what, info->cure);
}

TEST(ParsePipeline, ReadsTheWholeFile) {
  const auto spec = Parse(R"(pipeline: silver_accident
source: {table: lake/bronze, version: 12}
lookups:
  - name: predictions
    table: lake/predictions
    timestamp: 2026-01-31
    key: [image_name, {source: a, lookup: b}]
    type: inner
    columns: {score: severity * 2, copy: model}
    duplicates: first
    order_by: coalesce(at, model)
  - {name: other, table: o, key: [k], columns: [x, y]}
variables: {limit: 0.5, big: 1_000, yes_: true, word: "it's"}
where: severity > ${limit}
columns:
  b: 1
  a: upper(x)
drop: [path]
target:
  table: lake/silver
  mode: overwrite
  overwrite_schema: true
  max_records_per_file: 100_000
  target_file_size: 1.5GiB
  compression: zstd(3)
  properties: {delta.appendOnly: false, owner: me}
mode: chunked
processing: {in_memory_threshold: 1, max_safe_size: 2, chunk_size: 3}
resources: {memory: 512MiB, max_memory_usage: 70}
)");
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->pipeline.text, "silver_accident");
  EXPECT_EQ(spec->source.version, 12);
  EXPECT_EQ(spec->Resolve(spec->source.path),
            (std::filesystem::current_path() / "dir/lake/bronze").string());
  ASSERT_EQ(spec->lookups.size(), 2u);
  const Lookup& lookup = spec->lookups[0];
  EXPECT_EQ(lookup.table.timestamp, "2026-01-31T00:00:00Z");
  EXPECT_EQ(lookup.type, LookupType::kInner);
  EXPECT_EQ(lookup.duplicates, DuplicateKeys::kFirst);
  EXPECT_EQ(lookup.order_by->text, "coalesce(at, model)");
  ASSERT_EQ(lookup.key.size(), 2u);
  EXPECT_EQ(lookup.key[0].lookup.text, "image_name");
  EXPECT_EQ(lookup.key[1].source.text, "a");
  EXPECT_EQ(lookup.key[1].lookup.text, "b");
  ASSERT_EQ(lookup.columns.kind, LookupColumns::Kind::kExpressions);
  EXPECT_EQ(lookup.columns.expressions[0].name.text, "score");
  EXPECT_EQ(lookup.columns.expressions[0].expression.text, "severity * 2");
  EXPECT_EQ(spec->lookups[1].columns.names[1].text, "y");
  EXPECT_EQ(spec->variables.at("big").text, "1000");
  EXPECT_EQ(spec->variables.at("word").kind, Variable::Kind::kString);
  EXPECT_EQ(spec->where->text, "severity > 0.5");
  EXPECT_EQ(spec->columns[0].name.text, "b");
  EXPECT_EQ(spec->columns[1].expression.text, "upper(x)");
  EXPECT_EQ(spec->drop[0].text, "path");
  EXPECT_EQ(spec->target.mode, TargetMode::kOverwrite);
  EXPECT_TRUE(spec->target.overwrite_schema);
  EXPECT_EQ(spec->target.max_records_per_file, 100'000);
  EXPECT_EQ(spec->target.target_file_size_bytes, 3 * kGiB / 2);
  EXPECT_EQ(spec->target.compression.codec, Compression::Codec::kZstd);
  EXPECT_EQ(spec->target.compression.level, 3);
  EXPECT_EQ(spec->target.properties.at("delta.appendOnly"), "false");
  EXPECT_EQ(spec->mode, Mode::kChunked);
  EXPECT_EQ(spec->processing.in_memory_threshold_rows, 1);
  EXPECT_EQ(spec->processing.max_safe_size_rows, 2);
  EXPECT_EQ(spec->processing.chunk_size_rows, 3);
  EXPECT_EQ(spec->resources.memory_bytes, 512 * kMiB);
  EXPECT_EQ(spec->resources.memory_origin, "dir/p.yaml:29:21");
  EXPECT_EQ(spec->resources.max_memory_usage_percent, 70);
}

TEST(ParsePipeline, TakesDefaultsForAbsentAndNullKeys) {
  const auto spec = ParseSmallAnd(
      "lookups:\nwhere: null\nvariables: ~\nprocessing:\nresources: {memory: null}\nmode: null\n"
      "columns: {}\ndrop: []\n");
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_FALSE(spec->where);
  EXPECT_EQ(spec->processing.chunk_size_rows, 1'000'000);
  EXPECT_EQ(spec->target.mode, TargetMode::kErrorIfExists);
  EXPECT_EQ(spec->target.compression.codec, Compression::Codec::kKeep);
  EXPECT_FALSE(spec->resources.memory_bytes);
  EXPECT_EQ(spec->resources.memory_origin, "");
}

TEST(ParsePipeline, RefusesWithCodePlaceAndCure) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"colums: {}\n", "SPW-1103 dir/p.yaml:4:1 unknown key \"colums\" | write \"columns\""},
      {"chunk_size: 5\n",
       "SPW-1103 dir/p.yaml:4:1 unknown key \"chunk_size\" | that key belongs at "
       "\"processing.chunk_size\""},
      {"processing: {chunksize: 5}\n",
       "SPW-1103 dir/p.yaml:4:14 unknown key \"chunksize\" in \"processing\" | write "
       "\"chunk_size\""},
      {"streaming: {}\n", "SPW-1106 dir/p.yaml:4:1 \"streaming\" is not supported yet | remove it"},
      {"expectations: [{name: a, expect: x > 1, action: quarantine}]\n",
       "SPW-1106 dir/p.yaml:4:49 \"expectations[].action: quarantine\" is not supported "
       "yet | use one of warn, drop, fail"},
      {"expectations: [{name: a, expect: x > 1}, {name: a, expect: x > 2}]\n",
       "SPW-1107 dir/p.yaml:4:49 \"a\" appears twice in \"expectations\" | keep one of the two"},
      {"expectations: [{name: a}]\n",
       "SPW-1105 dir/p.yaml:4:16 \"expectations[].expect\" is missing | add \"expect\" here"},
      {"mode: streaming\n",
       "SPW-1106 dir/p.yaml:4:7 \"mode: streaming\" is not supported yet | use one of "
       "auto, standard, chunked"},
      {"mode: chunk\n",
       "SPW-1108 dir/p.yaml:4:7 \"mode\" cannot be \"chunk\": the values are auto, standard, "
       "chunked | write \"chunked\""},
      {"where: [a]\n", "SPW-1104 dir/p.yaml:4:8 \"where\" must be text, but this is a list | "},
      {"pipeline: q\n",
       "SPW-1107 dir/p.yaml:4:1 the key \"pipeline\" appears twice | keep one of "
       "the two"},
      {"processing: {chunk_order: key}\n",
       "SPW-1108 dir/p.yaml:4:27 \"processing.chunk_order\" cannot be \"key\": rows are sorted by "
       "the first lookup's key, and there is no lookup | write \"source\", or remove it"},
      {"processing: {chunk_size: 0}\n",
       "SPW-1108 dir/p.yaml:4:26 \"processing.chunk_size\" cannot be \"0\": the range is 1 to "
       "999999999999999 | "},
      {"processing: {chunk_size: -5}\n",
       "SPW-1108 dir/p.yaml:4:26 \"processing.chunk_size\" cannot be \"-5\": the range is 1 to "
       "999999999999999 | "},
      {"processing: {chunk_size: 10_00}\n",
       "SPW-1104 dir/p.yaml:4:26 \"processing.chunk_size\" must be a whole number, but this is "
       "text "
       "(\"10_00\") | write it like 1000000 or 1_000_000"},
      {"columns: {c: f(a, b)}\n",
       "SPW-1104 dir/p.yaml:4:21 \"columns.b)\" must be an expression, but this is nothing | write "
       "one; inside { } an expression with a comma needs double quotes"},
      {"resources: {memory: 2 apples}\n",
       "SPW-1104 dir/p.yaml:4:21 \"resources.memory\" must be a size in bytes, but this is text "
       "(\"2 "
       "apples\") | write it like 512MiB, 2GiB or 1.5GB"},
      {"resources: {memory: 9999999999TiB}\n",
       "SPW-1108 dir/p.yaml:4:21 \"resources.memory\" cannot be \"9999999999TiB\": it is too large "
       "| write it like 512MiB, 2GiB or 1.5GB"},
      {"where: x > ${limit}\n",
       "SPW-1109 dir/p.yaml:4:12 the variable \"limit\" is not defined | define it under "
       "\"variables\", or write $${ for a plain ${"},
      {"variables: {a: yes}\n",
       "SPW-1104 dir/p.yaml:4:16 \"variables.a\" must be text, a number or a boolean, but this is "
       "text (\"yes\") | write true or false, or \"yes\" in quotes for text"},
      {"drop: [a, a]\n",
       "SPW-1107 dir/p.yaml:4:11 \"a\" appears twice in \"drop\" | keep one of the two"},
      {"lookups: [{name: l, table: t, key: []}]\n",
       "SPW-1108 dir/p.yaml:4:36 \"lookups[].key\" cannot be: it needs at least 1 entry | "},
      {"lookups: [{name: l, table: t}]\n",
       "SPW-1105 dir/p.yaml:4:11 \"lookups[].key\" is missing | add \"key\" here"},
      {"lookups: [{name: l, table: t, key: [k]}, {name: l, table: t, key: [k]}]\n",
       "SPW-1107 dir/p.yaml:4:49 \"l\" appears twice in \"lookups\" | keep one of the two"},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_EQ(ErrorOf(ParseSmallAnd(text)), error) << text;
  }
}

TEST(ParsePipeline, RefusesWhatAnotherKeyForbids) {
  EXPECT_EQ(ErrorOf(Parse("pipeline: p\nsource: {table: a, version: 1, timestamp: 2026-01-01}\n"
                          "target: {table: b}\n")),
            "SPW-1108 dir/p.yaml:2:43 \"source\" has both a version and a timestamp | keep one of "
            "the two");
  EXPECT_THAT(ErrorOf(Parse("pipeline: p\nsource: {table: a}\n"
                            "target: {table: b, overwrite_schema: true}\n")),
              HasSubstr("SPW-1108 dir/p.yaml:3:38 \"target.overwrite_schema\""));
}

TEST(ParsePipeline, RefusesFilesThatCannotBePipelines) {
  EXPECT_THAT(ErrorOf(Parse("")), HasSubstr("SPW-1105 dir/p.yaml:1:1 \"pipeline\" is missing"));
  EXPECT_THAT(ErrorOf(Parse("[1, 2]")), HasSubstr("SPW-1104 dir/p.yaml:1:1"));
  EXPECT_THAT(ErrorOf(Parse("just text")),
              HasSubstr("SPW-1104 dir/p.yaml:1:1 \"the pipeline file\" must be a map of keys"));
  EXPECT_THAT(ErrorOf(Parse("source: [\n")), HasSubstr("SPW-1102 dir/p.yaml:"));
  EXPECT_THAT(ErrorOf(Parse("pipeline: 12\n")),
              AllOf(HasSubstr("SPW-1104 dir/p.yaml:1:11"), HasSubstr("put it in quotes: \"12\"")));
}

TEST(ParsePipeline, AnAliasIsItsAnchorsValue) {
  const auto spec = ParseSmallAnd(
      "lookups:\n  - {name: l, table: &t some/table, key: &k [id]}\n"
      "  - {name: m, table: *t, key: *k}\n");
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->lookups[1].table.path.text, "some/table");
  EXPECT_EQ(spec->lookups[1].key[0].source.text, "id");
}

TEST(ParsePipeline, PointsIntoExpressions) {
  const auto spec = ParseSmallAnd(
      "variables: {word: ab}\n"
      "columns:\n"
      "  folded: >\n"
      "    CASE WHEN a\n"
      "         THEN ${word} ELSE é || bad END\n"
      "  plain: x + ${word} + bad\n");
  ASSERT_EQ(ErrorOf(spec), "ok");
  const LocatedText& folded = spec->columns[0].expression;
  EXPECT_EQ(folded.Where(), "dir/p.yaml:7:5");
  EXPECT_EQ(folded.Where(folded.text.find("THEN")), "dir/p.yaml:8:10");
  EXPECT_EQ(folded.Where(folded.text.find("'ab'") + 2), "dir/p.yaml:8:15");
  EXPECT_EQ(folded.Where(folded.text.find("bad")), "dir/p.yaml:8:33");
  const LocatedText& plain = spec->columns[1].expression;
  EXPECT_EQ(plain.text, "x + 'ab' + bad");
  EXPECT_EQ(plain.Where(plain.text.find("bad")), "dir/p.yaml:9:24");
}

TEST(ParsePipeline, LimitsAllTextsTogether) {
  // 60 kB of text, used by 300 columns: 18 MB.
  std::string text = fmt::format("variables: {{a: \"{}\"}}\ncolumns:\n", std::string(60'000, 'x'));
  for (int i = 0; i < 300; ++i) text += fmt::format("  c{}: ${{a}}\n", i);
  EXPECT_THAT(ErrorOf(ParseSmallAnd(text)), HasSubstr("SPW-1108"));
  std::string aliases = fmt::format("columns:\n  c: &a \"{}\"\n", std::string(60'000, 'x'));
  for (int i = 0; i < 300; ++i) aliases += fmt::format("  c{}: *a\n", i);
  EXPECT_THAT(ErrorOf(ParseSmallAnd(aliases)), HasSubstr("SPW-1108"));
}

TEST(ParsePipeline, LimitsLookupsAndColumns) {
  std::string lookups = "lookups:\n";
  for (int i = 0; i < 65; ++i) lookups += fmt::format("  - {{name: l{}, table: t, key: [k]}}\n", i);
  EXPECT_THAT(ErrorOf(ParseSmallAnd(lookups)), HasSubstr("SPW-1108 dir/p.yaml:5:3"));
  std::string columns = "columns:\n";
  for (int i = 0; i < 10'000; ++i) columns += fmt::format("  c{}: a\n", i);
  EXPECT_EQ(ErrorOf(ParseSmallAnd(columns)), "ok");
  EXPECT_THAT(ErrorOf(ParseSmallAnd(columns + "  one_more: a\n")), HasSubstr("SPW-1108"));
  EXPECT_THAT(ErrorOf(ParseSmallAnd("drop: [" + std::string(256, 'x') + "]")),
              HasSubstr("SPW-1108"));
}

TEST(ParsePipelineFile, ReadsAFileOrSaysWhyNot) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("spillway_spec_{}", getpid());
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "p.yaml").string();
  std::ofstream(file) << kSmall;
  const auto spec = ParsePipelineFile(file, {});
  ASSERT_EQ(ErrorOf(spec), "ok");
  EXPECT_EQ(spec->directory, folder.string());
  EXPECT_EQ(spec->Resolve(spec->target.path), (folder / "b").string());

  EXPECT_THAT(ErrorOf(ParsePipelineFile(folder.string(), {})), HasSubstr("SPW-1101"));
  EXPECT_THAT(ErrorOf(ParsePipelineFile(file + ".not", {})), HasSubstr("SPW-1101"));
  std::ofstream(file) << std::string((1 << 20) + 1, '#');
  EXPECT_THAT(ErrorOf(ParsePipelineFile(file, {})), HasSubstr("SPW-1101"));
  std::filesystem::remove_all(folder);
}

TEST(Resolve, KeepsUrlsAndNormalisesPaths) {
  Spec spec;
  spec.directory = "/a/b";
  const auto resolve = [&spec](std::string path) {
    return spec.Resolve({.text = std::move(path), .origin = {}, .anchors = {}});
  };
  EXPECT_EQ(resolve("c/./d/../e/"), "/a/b/c/e");
  EXPECT_EQ(resolve("../x"), "/a/x");
  EXPECT_EQ(resolve("/x/"), "/x");
  EXPECT_EQ(resolve("file:///x/y"), "file:///x/y");
  EXPECT_EQ(resolve("file:/x/y"), "file:/x/y");  // as Spark writes it
  EXPECT_EQ(resolve("dbfs:/x"), "dbfs:/x");
  EXPECT_EQ(resolve("c:/x"), "/a/b/c:/x");
  EXPECT_EQ(resolve("d=1:/x"), "/a/b/d=1:/x");
}

}  // namespace
}  // namespace spillway::spec
