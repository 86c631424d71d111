#include "cli/wrapped_text.h"

#include <gtest/gtest.h>

namespace spillway::cli {
namespace {

TEST(Wrapped, CutsAtBlanks) {
  EXPECT_EQ(Wrapped("", 10), "");
  EXPECT_EQ(Wrapped("one two three", 8), "one two\nthree\n");
  EXPECT_EQ(Wrapped("one two three", 7), "one two\nthree\n");
  EXPECT_EQ(Wrapped("one two three", 6), "one\ntwo\nthree\n");
  EXPECT_EQ(Wrapped("one two", 8, 3), "   one\n   two\n");
}

TEST(Wrapped, NeverCutsAWord) {
  EXPECT_EQ(Wrapped("a incomprehensible b", 5), "a\nincomprehensible\nb\n");
  EXPECT_EQ(Wrapped("word", 1, 6), "      word\n");
}

TEST(Wrapped, KeepsLinesAndTheirIndentation) {
  EXPECT_EQ(Wrapped("one\n\n  two three", 6), "one\n\n  two\n  three\n");
}

TEST(Wrapped, CountsCharacters) { EXPECT_EQ(Wrapped("größe größe", 11), "größe größe\n"); }

TEST(TermAndText, StandBesideEachOther) {
  EXPECT_EQ(TermAndText("--flag", "what it does", 40, 12), "  --flag    what it does\n");
  EXPECT_EQ(TermAndText("--flag", "what it does for everybody in here", 36, 12),
            "  --flag    what it does for\n            everybody in here\n");
  EXPECT_EQ(TermAndText("--flag", "", 40, 12), "  --flag\n");
}

TEST(TermAndText, StandBelowEachOtherWhereThereIsNoRoom) {
  EXPECT_EQ(TermAndText("--a-long-flag", "text", 60, 12), "  --a-long-flag\n            text\n");
  EXPECT_EQ(TermAndText("--flag", "what it does", 20, 12), "  --flag\n      what it does\n");
}

}  // namespace
}  // namespace spillway::cli
