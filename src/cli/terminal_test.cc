#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace spillway::cli {
namespace {

TEST(Fit, KeepsWhatFits) {
  EXPECT_EQ(Fit("", 5), "");
  EXPECT_EQ(Fit("abc", 5), "abc");
  EXPECT_EQ(Fit("abcde", 5), "abcde");
}

TEST(Fit, CutsWhatDoesNot) {
  EXPECT_EQ(Fit("abcdef", 5), "abcde");
  EXPECT_EQ(Fit("abc", 0), "");
  EXPECT_EQ(Fit("abc", -1), "");
}

TEST(Fit, CountsCharactersAndNeverCutsOne) {
  EXPECT_EQ(Fit("größer", 4), "größ");
  EXPECT_EQ(Fit("größer", 3), "grö");
  EXPECT_EQ(Fit("日本語", 2), "日本");
  EXPECT_EQ(Fit("a\U0001F600b", 2), "a\U0001F600");
}

TEST(Fit, TakesBytesThatAreNoUtf8) {
  EXPECT_EQ(Fit("\x80\x80", 1), "\x80\x80");
  EXPECT_EQ(Fit("a\xff", 2), "a\xff");
}

TEST(Styled, ColoursOnlyWhereThereIsColour) {
  EXPECT_EQ(Styled(Terminal{.color = false}, Style::kRed, "x"), "x");
  EXPECT_EQ(Styled(Terminal{.color = true}, Style::kRed, "x"), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace spillway::cli
