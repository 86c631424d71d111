#include "spec/substitution.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway::spec {
namespace {

const std::map<std::string, Variable> kVariables = {
    {"n", {Variable::Kind::kNumber, "0.5"}},
    {"minus", {Variable::Kind::kNumber, "-1"}},
    {"yes", {Variable::Kind::kBoolean, "true"}},
    {"word", {Variable::Kind::kString, "it's \\ `x`"}},
};
const std::map<std::string, std::string> kEnvironment = {{"LAKE", "/lake"}};

LocatedText TextOf(std::string text) {
  return {
      .text = std::move(text), .origin = "p.yaml", .in_file = true, .anchors = {{0, 3, 5, false}}};
}

std::string Put(std::string text, SubstitutionContext context) {
  const auto result = Substitute(TextOf(std::move(text)), context, {kVariables, kEnvironment});
  if (result.ok()) return result->text;
  const auto info = FindError(result.status());
  return fmt::format("{} {} {}", CodeName(info->code), info->where, info->what);
}

std::string PutInExpression(std::string text) {
  return Put(std::move(text), SubstitutionContext::kExpression);
}
std::string PutInPath(std::string text) {
  return Put(std::move(text), SubstitutionContext::kPlain);
}

TEST(Substitute, PutsLiteralsIntoExpressions) {
  EXPECT_EQ(PutInExpression("a > ${n}"), "a > 0.5");
  EXPECT_EQ(PutInExpression("a -${minus}"), "a -(-1)");
  EXPECT_EQ(PutInExpression("${yes} = b"), "true = b");
  EXPECT_EQ(PutInExpression("a = ${word}"), "a = 'it\\'s \\\\ `x`'");
}

TEST(Substitute, EscapesInsideQuotes) {
  EXPECT_EQ(PutInExpression("'<${word}>'"), "'<it\\'s \\\\ `x`>'");
  EXPECT_EQ(PutInExpression("\"<${word}>\""), "\"<it's \\\\ `x`>\"");
  EXPECT_EQ(PutInExpression("`<${word}>`"), "`<it's \\ ``x``>`");
  EXPECT_EQ(PutInExpression("'${n}'"), "'0.5'");
  EXPECT_EQ(PutInExpression("'\\'${n}' + ${n}"), "'\\'0.5' + 0.5");
  EXPECT_EQ(PutInExpression("r'\\' + ${yes}"), "r'\\' + true");
  EXPECT_EQ(
      PutInExpression("r'${word}'"),
      "SPW-1108 p.yaml:3:7 the variable contains the quote that ends the raw string around it");
}

TEST(Substitute, LeavesCommentsAndPlainDollarsAlone) {
  EXPECT_EQ(PutInExpression("a -- it's ${nothing}\n+ ${n}"), "a -- it's ${nothing}\n+ 0.5");
  EXPECT_EQ(PutInExpression("a /* ${nothing */ + ${n}"), "a /* ${nothing */ + 0.5");
  EXPECT_EQ(PutInExpression("rlike(a, 'x$')"), "rlike(a, 'x$')");
  EXPECT_EQ(PutInExpression("'$${n}'"), "'${n}'");
  EXPECT_EQ(PutInPath("$$$$"), "$$");
}

TEST(Substitute, PutsPlainTextIntoPaths) {
  EXPECT_EQ(PutInPath("${env:LAKE}/${word}/${n}"), "/lake/it's \\ `x`/0.5");
}

TEST(Substitute, RefusesWhatIsNotDefined) {
  EXPECT_EQ(PutInExpression("a > ${wrod}"),
            "SPW-1109 p.yaml:3:9 the variable \"wrod\" is not defined");
  EXPECT_EQ(PutInPath("${env:NOPE}"),
            "SPW-1109 p.yaml:3:5 the environment variable \"NOPE\" is not set");
  EXPECT_EQ(PutInExpression("${env:LAKE}").substr(0, 20), "SPW-1109 p.yaml:3:5 ");
  EXPECT_EQ(PutInExpression("a ${n").substr(0, 20), "SPW-1109 p.yaml:3:7 ");
  EXPECT_EQ(PutInExpression("${}").substr(0, 8), "SPW-1109");
}

TEST(Substitute, KeepsPlaces) {
  LocatedText text = TextOf("a + ${n} +\nb$$c");
  text.anchors.push_back({11, 4, 9, false});
  const auto result =
      Substitute(text, SubstitutionContext::kExpression, {kVariables, kEnvironment});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->text, "a + 0.5 +\nb$c");
  EXPECT_EQ(result->Where(0), "p.yaml:3:5");
  EXPECT_EQ(result->Where(4), "p.yaml:3:9");
  EXPECT_EQ(result->Where(6), "p.yaml:3:9");
  EXPECT_EQ(result->Where(8), "p.yaml:3:14");
  EXPECT_EQ(result->Where(10), "p.yaml:4:9");
  EXPECT_EQ(result->Where(12), "p.yaml:4:12");
}

TEST(Substitute, BoundsTheResult) {
  const std::map<std::string, Variable> large = {
      {"x", {Variable::Kind::kString, std::string(40'000, 'x')}}};
  const auto result =
      Substitute(TextOf("${x}${x}"), SubstitutionContext::kPlain, {large, kEnvironment});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(FindError(result.status())->code, ErrorCode::kValueOutOfRange);
}

}  // namespace
}  // namespace spillway::spec
