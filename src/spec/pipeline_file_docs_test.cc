// Holds docs/pipeline-file.md and examples/ to the key table and the parser.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "spec/spec_keys.h"
#include "spec/spec_parser.h"

namespace spillway::spec {
namespace {

// Tests run in the root of the sources.
const std::filesystem::path kRoot = std::filesystem::current_path();

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The table rows of the page, by the key in their first cell.
std::map<std::string, std::string> TableRows(const std::string& page) {
  std::map<std::string, std::string> rows;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    rows[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  return rows;
}

TEST(PipelineFilePage, HasARowForEveryKeyAndForNoOther) {
  const auto rows = TableRows(ReadText(kRoot / "docs/pipeline-file.md"));
  for (const Key& key : Keys()) {
    ASSERT_TRUE(rows.contains(std::string(key.path))) << key.path;
    const std::string& row = rows.at(std::string(key.path));
    EXPECT_EQ(row.find("| required |") != std::string::npos, key.required) << row;
    for (const std::string_view choice : key.choices) {
      EXPECT_THAT(row, testing::HasSubstr(fmt::format("`{}`", choice)));
    }
  }
  EXPECT_EQ(rows.size(), Keys().size());
}

// Every default that the page states, written out, gives the pipeline that leaves it out.
TEST(PipelineFilePage, StatesTheDefaults) {
  const auto rows = TableRows(ReadText(kRoot / "docs/pipeline-file.md"));
  constexpr std::string_view kSmall =
      "pipeline: p\nsource: {table: a}\nlookups: [{name: l, table: t, key: [k]}]\n"
      "expectations: [{name: l, expect: 'true'}]\ntarget: {table: b}\n";
  int stated = 0;
  for (const Key& key : Keys()) {
    const std::string& row = rows.at(std::string(key.path));
    const size_t begin = row.find("| `", 2);
    const size_t second_cell = row.find("| ", 2);
    if (begin == std::string::npos || begin != second_cell) continue;
    const std::string value = row.substr(begin + 3, row.find('`', begin + 3) - begin - 3);
    ++stated;
    std::string path(key.path);
    if (const size_t list = path.find("[]"); list != std::string::npos) path.replace(list, 2, ".l");
    Override change{path, value == "\"*\"" ? "*" : value, "--set " + path};
    const auto given =
        ParsePipelineText(kSmall, "p.yaml", {.overrides = {change}, .environment = {}});
    const auto absent = ParsePipelineText(kSmall, "p.yaml", {});
    ASSERT_TRUE(given.ok()) << path << " " << RenderError(given.status());
    ASSERT_TRUE(absent.ok());
    const auto same = [&](auto field) {
      using Accessor = decltype(field);
      Spec left = *given;
      Spec right = *absent;
      const FieldOwner a{&left, &left.lookups[0], nullptr, &left.expectations[0]};
      const FieldOwner b{&right, &right.lookups[0], nullptr, &right.expectations[0]};
      if constexpr (std::is_same_v<Accessor, ChoiceField>) {
        return field.get(a) == field.get(b);
      } else if constexpr (std::is_same_v<Accessor, int64_t& (*)(const FieldOwner&)> ||
                           std::is_same_v<Accessor, bool& (*)(const FieldOwner&)>) {
        return field(a) == field(b);
      } else if constexpr (std::is_same_v<Accessor, Compression& (*)(const FieldOwner&)>) {
        return field(a).codec == field(b).codec && field(a).level == field(b).level;
      } else {
        return left.lookups[0].columns.kind == right.lookups[0].columns.kind;
      }
    };
    EXPECT_TRUE(std::visit(same, key.field)) << path;
  }
  EXPECT_EQ(stated, 21);
}

TEST(Examples, AllParse) {
  int examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ++examples;
    const auto spec = ParsePipelineFile(entry.path().string(), {});
    EXPECT_TRUE(spec.ok()) << RenderError(spec.status());
  }
  EXPECT_GE(examples, 1);
}

// The yaml blocks of the page, each completed with the keys that it leaves out.
TEST(PipelineFilePage, ItsBlocksParse) {
  const std::string page = ReadText(kRoot / "docs/pipeline-file.md");
  constexpr std::string_view kFence = "```yaml\n";
  int blocks = 0;
  for (size_t at = page.find(kFence); at != std::string::npos; at = page.find(kFence, at + 1)) {
    const size_t begin = at + kFence.size();
    std::string text = page.substr(begin, page.find("```", begin) - begin);
    const auto has = [&text](const std::string& key) {
      return text.starts_with(key) || text.find("\n" + key) != std::string::npos;
    };
    if (!has("pipeline:")) text += "pipeline: p\n";
    if (!has("source:")) text += "source: {table: a}\n";
    if (!has("target:")) text += "target: {table: b}\n";
    const auto spec = ParsePipelineText(text, "page.yaml", {});
    EXPECT_TRUE(spec.ok()) << text << RenderError(spec.status());
    ++blocks;
  }
  EXPECT_GE(blocks, 6);
}

}  // namespace
}  // namespace spillway::spec
