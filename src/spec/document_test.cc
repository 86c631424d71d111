#include "spec/document.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string ErrorOf(std::string_view text) {
  Document document;
  const auto root = document.AddYaml("p.yaml", text, true);
  if (root.ok()) return "ok";
  const auto info = FindError(root.status());
  if (!info) return "uncoded: " + root.status().ToString();
  return fmt::format("{} {} {}", CodeName(info->code), info->where, info->what);
}

// The place of each character of the value of key "k", as "line:column line:column ..".
std::string PlacesOf(std::string_view text) {
  Document document;
  const auto root = document.AddYaml("p", text, true);
  if (!root.ok()) return root.status().ToString();
  const LocatedText located = document.Located(*document.Find(*root, "k"));
  std::string places;
  for (size_t i = 0; i < located.text.size(); ++i) {
    if (!BeginsCharacter(located.text[i]) || located.text[i] == ' ' || located.text[i] == '\n') {
      continue;
    }
    const TextAnchor place = located.PlaceOf(i);
    size_t end = i + 1;
    while (end < located.text.size() && !BeginsCharacter(located.text[end])) ++end;
    places += fmt::format("{}{}={}:{}", places.empty() ? "" : " ", located.text.substr(i, end - i),
                          place.line, place.column);
  }
  return places;
}

TEST(Document, KnowsThePlaceOfEveryCharacter) {
  EXPECT_EQ(PlacesOf("k: ab c"), "a=1:4 b=1:5 c=1:7");
  EXPECT_EQ(PlacesOf("é: 1\nk:   é b"), "é=2:6 b=2:8");
  EXPECT_EQ(PlacesOf("k: a\n   b   c\n\n d"), "a=1:4 b=2:4 c=2:8 d=4:2");
  EXPECT_EQ(PlacesOf("k: >-  # note\n    a\n      b\n\n    c\n"), "a=2:5 b=3:7 c=5:5");
  EXPECT_EQ(PlacesOf("k: |2\n   a  b\n  c\n"), "a=2:4 b=2:7 c=3:3");
  EXPECT_EQ(PlacesOf("k: 'a''b\n  c'"), "a=1:5 '=1:6 b=1:8 c=2:3");
  EXPECT_EQ(PlacesOf("k: \"a\\n\\u00e9\\\"b \\\n   c\""), "a=1:5 é=1:8 \"=1:14 b=1:16 c=2:4");
  EXPECT_EQ(PlacesOf("k: &name ab"), "a=1:10 b=1:11");
  EXPECT_EQ(PlacesOf("x: &n ab\nk: *n"), "a=1:7 b=1:8");
  EXPECT_EQ(PlacesOf("k: >\r\n  a\r\n  b\r\n"), "a=2:3 b=3:3");
  EXPECT_EQ(PlacesOf("\xEF\xBB\xBFk: a"), "a=1:4");
  EXPECT_EQ(PlacesOf("{x: 1, k: a\n b}"), "a=1:11 b=2:2");
}

TEST(Document, RefusesWhatYamlWouldIgnore) {
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"), "SPW-1107 p.yaml:3:1 the key \"a\" appears twice");
  EXPECT_EQ(ErrorOf("x: {a: 1, \"a\": 2}"), "SPW-1107 p.yaml:1:11 the key \"a\" appears twice");
  EXPECT_THAT(ErrorOf("a: &x {b: 1}\nc:\n  <<: *x\n"),
              StartsWith("SPW-1103 p.yaml:3:3 merge keys"));
  EXPECT_THAT(ErrorOf("a: !!int '5'"), StartsWith("SPW-1102 p.yaml:1:4 YAML tags"));
  EXPECT_THAT(ErrorOf("a: !secret x"), StartsWith("SPW-1102 p.yaml:1:4 YAML tags"));
  EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"),
              StartsWith("SPW-1102 p.yaml:2:1 a second YAML document"));
  EXPECT_THAT(ErrorOf("[a]: 1"), HasSubstr("a key must be text"));
  EXPECT_THAT(ErrorOf("~: 1"), HasSubstr("a key must be text"));
  EXPECT_THAT(ErrorOf("a: &x b\n*x : c"), HasSubstr("an alias cannot be a key"));
  EXPECT_EQ(ErrorOf("a: \"x\n"), "SPW-1102 p.yaml:1:4 a quote is opened here and never closed");
  EXPECT_EQ(ErrorOf("a: 'x''\n"), "SPW-1102 p.yaml:1:4 a quote is opened here and never closed");
  EXPECT_EQ(ErrorOf("a: \"\"\nb: ''\nc: '''' \nd: \"\\\"\""), "ok");
  EXPECT_EQ(ErrorOf("---\na: 1\n...\n# end\n"), "ok");
}

TEST(Document, RefusesBadText) {
  EXPECT_THAT(ErrorOf("a: \xff\xfe"), StartsWith("SPW-1102 p.yaml the text is not UTF-8"));
  EXPECT_THAT(ErrorOf(std::string("a: b\nc: \0", 9)),
              StartsWith("SPW-1102 p.yaml:2:4 the text contains a control"));
  EXPECT_THAT(ErrorOf("a: b\n\x04junk: [[["),
              StartsWith("SPW-1102 p.yaml:2:1 the text contains a control"));
  EXPECT_THAT(ErrorOf("a: b\n\tc: d"), StartsWith("SPW-1102 p.yaml:2:1 "));
  EXPECT_THAT(ErrorOf("a: b: c"), StartsWith("SPW-1102 p.yaml:1:5 "));
  EXPECT_THAT(ErrorOf("a: *nope"), StartsWith("SPW-1102 p.yaml:1:4 "));
  EXPECT_THAT(ErrorOf("a: &x [*x]"), StartsWith("SPW-1102 p.yaml:1:8 an alias refers"));
}

TEST(Document, BoundsNestingAndSize) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(ErrorOf(nested(64)), "ok");
  EXPECT_THAT(ErrorOf(nested(65)), HasSubstr("more than 64 levels"));
  EXPECT_THAT(ErrorOf(nested(500'000)), StartsWith("SPW-1102"));
  EXPECT_EQ(ErrorOf(std::string(kLargestDocumentBytes, '#')), "ok");
  EXPECT_THAT(ErrorOf(std::string(kLargestDocumentBytes + 1, '#')), StartsWith("SPW-1101"));
}

TEST(Document, HostileTextEndsSoon) {
  for (const std::string unit :
       {"[",     "{",  "{a: ", "- ",   "? ", "a: ", "&a ", "'",      "\"",     "*a ", "!a ",
        "a:\n ", "\\", "|",    "- - ", "]",  "%",   "a\n", "\"\\\"", "a: b\n", ", "}) {
    std::string text;
    while (text.size() + unit.size() <= kLargestDocumentBytes / 4) text += unit;
    Document document;
    const auto root = document.AddYaml("p", text, true);
    EXPECT_TRUE(root.ok() || FindError(root.status())) << unit;
  }
}

TEST(Document, AnAliasBombStaysSmall) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 40; ++i) {
    text += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) text += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    text += "]\n";
  }
  Document document;
  const auto root = document.AddYaml("p", text, true);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(document.node(*document.Find(*root, "a39")).entries.size(), 10u);
}

}  // namespace
}  // namespace spillway::spec
