#include "spec/yaml_value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "spec/spec_parser.h"

namespace spillway::spec {
namespace {

TEST(YamlValue, LeavesWordsAlone) {
  EXPECT_EQ(YamlValue("image_name"), "image_name");
  EXPECT_EQ(YamlValue("../lake/silver-2.b"), "../lake/silver-2.b");
  EXPECT_EQ(YamlValue("lake/silver-2.b"), "lake/silver-2.b");
}

// What a parser reads is what was written, as a path, a column and an expression.
TEST(YamlValue, MeansJustTheText) {
  for (const std::string_view text :
       {"a",     "no",   "NULL", "y",     "1",     "2026-01-01", "0x1F", ".5",   "-",  "- a",
        "a: b",  "a #b", "#a",   "`a b`", "\"q\"", "'q'",        "{a}",  "[a]",  "*a", "&a",
        "!a",    "%a",   "@a",   "|",     ">",     "?",          "~",    "${x}", "$$", "$",
        "größe", "a\\b", "a\tb", "1e3",   "1_000", "  a ",       "=",    "<<"}) {
    const std::string file = fmt::format(
        "pipeline: p\nsource: {{table: {}}}\ntarget: {{table: t}}\ncolumns: {{{}: {}}}\n",
        YamlValue(WithoutVariables(text)), YamlValue(text), YamlValue(WithoutVariables(text)));
    const auto spec = ParsePipelineText(file, "p.yaml", {});
    ASSERT_TRUE(spec.ok()) << RenderError(spec.status()) << file;
    EXPECT_EQ(spec->source.path.text, text);
    EXPECT_EQ(spec->columns[0].name.text, text);
    EXPECT_EQ(spec->columns[0].expression.text, text);
  }
}

}  // namespace
}  // namespace spillway::spec
