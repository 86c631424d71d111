#include "spec/canonical_text.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "spec/spec_parser.h"

namespace spillway::spec {
namespace {

constexpr char kFile[] = R"(
pipeline: p
source: {table: /lake/a}
lookups:
  - {name: l, table: /lake/l, key: [k, {source: a, lookup: b}], columns: {y: "x + 1"}}
variables: {limit: 0.5}
where: a > ${limit}
columns:
  c: CASE WHEN a THEN 'x  y' END
  d: c
drop: [p, q]
target: {table: /lake/b, mode: overwrite}
)";

constexpr char kCanonical[] = R"(spillway rows 1
source "/lake/a"
lookup "/lake/l" left_outer expand
  key "k" = "k"
  key "a" = "b"
  column "y" = "x + 1"
where "a > 0.5"
column "c" = "CASE WHEN a THEN 'x  y' END"
column "d" = "c"
drop "p"
drop "q"
target overwrite
)";

std::string Canonical(const std::string& file) {
  const auto spec = ParsePipelineText(file, "p.yaml", {});
  EXPECT_TRUE(spec.ok()) << spec.status().ToString();
  return spec.ok() ? CanonicalText(*spec) : "";
}

std::string With(const std::string& from, const std::string& to) {
  std::string file = kFile;
  const size_t at = file.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return file.replace(at, from.size(), to);
}

constexpr char kExpectations[] =
    "expectations:\n"
    "- {name: counts, expect: 'a  > 1'}\n"
    "- {name: drops, expect: 'a < ${limit}', action: drop}\n"
    "- {name: fails, expect: a <> 7, action: fail}\n";

// Of expectations, those that leave rows out.
TEST(CanonicalText, HasTheExpectationsThatDropRows) {
  std::string expected = kCanonical;
  expected.insert(expected.find("target"), "keep \"a < 0.5\"\n");
  EXPECT_EQ(Canonical(std::string(kFile) + kExpectations), expected);
}

TEST(ExpectationsText, HasAllOfThem) {
  const auto spec = ParsePipelineText(std::string(kFile) + kExpectations, "p.yaml", {});
  ASSERT_TRUE(spec.ok()) << spec.status().ToString();
  EXPECT_EQ(ExpectationsText(*spec),
            "warn \"counts\" \"a > 1\"\ndrop \"drops\" \"a < 0.5\"\nfail \"fails\" \"a <> 7\"\n");
  EXPECT_EQ(ExpectationsText(Spec{}), "");
}

// A change of this text makes every killed run begin anew: it must never happen by accident.
TEST(CanonicalText, IsThisText) { EXPECT_EQ(Canonical(kFile), kCanonical); }

TEST(CanonicalText, IgnoresLayoutAndWhatChangesNoRow) {
  EXPECT_EQ(Canonical(R"(
# another layout
target: {mode: overwrite, table: /lake/x/../b, compression: zstd, max_records_per_file: 5,
         target_file_size: 1GiB, properties: {a: b}}
resources: {memory: 1GiB, max_memory_usage: 50}
processing: {chunk_order: source, chunk_size: 7, in_memory_threshold: 1, max_safe_size: 2}
mode: chunked
drop:
  - q   # order of names
  - p
columns:
  c: |
    CASE WHEN /* always */ a  -- or not
      THEN 'x  y'
    END
  d: >
    c
where: a   >   ${other}
variables: {other: 0.5, unused: 3}
lookups:
  - key: [{lookup: k, source: k}, {lookup: b, source: a}]
    columns: {"y": 'x  +  1'}
    table: file:///lake/./l/
    name: renamed
    version: 7
source: {table: file:/lake/a/, version: 5}
pipeline: other
)"),
            kCanonical);
}

TEST(CanonicalText, ChangesWithWhatDecidesTheRows) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"/lake/a", "/lake/aa"},
      {"/lake/l", "/lake/m"},
      {"[k, {", "[kk, {"},
      {"lookup: b", "lookup: c"},
      {"x + 1", "x + 2"},
      {"{y:", "{z:"},
      {"limit: 0.5", "limit: 0.6"},
      {"a > ", "a < "},
      {"'x  y'", "'x y'"},
      {"  c: CASE", "  e: CASE"},
      {"[p, q]", "[p]"},
      {"overwrite}", "append}"},
      {"columns: {y: \"x + 1\"}", "columns: [y]"},
      {"columns: {y: \"x + 1\"}", "columns: \"*\""},
      {"name: l,", "name: l, type: inner,"},
      {"name: l,", "name: l, duplicates: first,"},
      {"name: l,", "name: l, duplicates: last,"},
      {"name: l,", "name: l, duplicates: last, order_by: z,"},
      {"mode: overwrite", "mode: overwrite, overwrite_schema: true"},
      {"drop:", "processing: {chunk_order: key}\ndrop:"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_NE(Canonical(With(from, to)), kCanonical) << from << " -> " << to;
  }
}

TEST(CanonicalText, FollowsTheFileWithRelativePaths) {
  const auto spec =
      ParsePipelineText("pipeline: p\nsource: {table: a}\ntarget: {table: b}\n", "/one/p.yaml", {});
  ASSERT_TRUE(spec.ok());
  EXPECT_NE(CanonicalText(*spec).find("source \"/one/a\""), std::string::npos);
}

TEST(CanonicalExpression, KeepsWhatIsQuoted) {
  EXPECT_EQ(CanonicalExpression("  a\t+\n b "), "a + b");
  EXPECT_EQ(CanonicalExpression("'a  b' || \"c  d\" || `e  f`"), "'a  b' || \"c  d\" || `e  f`");
  EXPECT_EQ(CanonicalExpression("'it\\'s  -- here' -- gone\n+ 1"), "'it\\'s  -- here' + 1");
  EXPECT_EQ(CanonicalExpression("r'a\\' || 'b  c'"), "r'a\\' || 'b  c'");
  EXPECT_EQ(CanonicalExpression("a/* x /* y */ z */b"), "a b");
  EXPECT_EQ(CanonicalExpression("a -- b"), "a");
}

// Secrets come in as strings; a number is worth being told.
TEST(CanonicalText, CanHideTheValuesOfStrings) {
  constexpr std::string_view kSecretive = R"yaml(
pipeline: p
source: {table: /a}
lookups: [{name: l, table: /b, key: [k], columns: {x: "concat(y, ${salt})"}}]
where: a = ${salt} OR b > ${limit}
columns: {c: "'${salt}-${salt}'", d: "`${salt}` + ${limit}"}
target: {table: /t}
variables: {salt: 'sesame''s', limit: 5}
)yaml";
  const auto spec = ParsePipelineText(kSecretive, "p.yaml", {});
  ASSERT_TRUE(spec.ok()) << spec.status();
  const std::string values = CanonicalText(*spec, VariableText::kValues);
  const std::string names = CanonicalText(*spec, VariableText::kNames);
  EXPECT_NE(values.find("sesame"), std::string::npos);
  EXPECT_EQ(names.find("sesame"), std::string::npos) << names;
  for (const char* line :
       {"  column \"x\" = \"concat(y, ${salt})\"\n", "where \"a = ${salt} OR b > 5\"\n",
        "column \"c\" = \"'${salt}-${salt}'\"\n", "column \"d\" = \"`${salt}` + 5\"\n"}) {
    EXPECT_NE(names.find(line), std::string::npos) << line << names;
  }
}

}  // namespace
}  // namespace spillway::spec
