#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway {
namespace {

TEST(Printable, LeavesTextAlone) {
  for (const char* text : {"", "a\tb\n\"ümläut\" \xE2\x82\xAC €", "日本語 \U0001F600", "e\u0301",
                           "\u0600\u00A0", "\U0010FFFF"}) {
    EXPECT_EQ(Printable(text), text);
    EXPECT_EQ(PrintableJson(text), text);
  }
}

TEST(Printable, DisarmsControlCharacters) {
  EXPECT_EQ(Printable("\x1b]0;title\a"), "\\x1b]0;title\\x07");
  EXPECT_EQ(Printable("\r\x7f\x08"), "\\x0d\\x7f\\x08");
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31mb"),
            "a\\x9b31mb");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(Printable("a\u202Egpj.b"), "a\\u202egpj.b");
  EXPECT_EQ(Printable("\u2066x\u2069"), "\\u2066x\\u2069");
  EXPECT_EQ(Printable("a\u200Bb\uFEFF\u00AD"), "a\\u200bb\\ufeff\\xad");
  EXPECT_EQ(Printable("\u2028\u2029"), "\\u2028\\u2029");
  EXPECT_EQ(Printable("\U000E0041"), "\\U000e0041");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("a\xC2"), "a\\xc2");
  EXPECT_EQ(Printable("\xFF\x9B"), "\\xff\\x9b");
  EXPECT_EQ(Printable("\xE2\x80"), "\\xe2\\x80");
  EXPECT_EQ(Printable("\xC0\xAF"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // half of a surrogate pair
  EXPECT_EQ(Printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above the last character
}

TEST(PrintableJson, StaysJson) {
  EXPECT_EQ(PrintableJson("\"\x7f\u202E\u009B\""), "\"\\u007f\\u202e\\u009b\"");
  EXPECT_EQ(PrintableJson("\"\U000E0041\""), "\"\\udb40\\udc41\"");
}

TEST(Printable, IsWhatErrorsAre) {
  const Status error = MakeError({.code = ErrorCode::kDataFileMissing,
                                  .what = "a data file is missing",
                                  .where = "/t/a\x1b[2J\u202E.parquet"});
  EXPECT_NE(RenderError(error).find("a\\x1b[2J\\u202e.parquet"), std::string::npos)
      << RenderError(error);
}

}  // namespace
}  // namespace spillway
