#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(Printable("a\tb\n\"ümläut\" \xE2\x82\xAC €"), "a\tb\n\"ümläut\" \xE2\x82\xAC €");
}

TEST(Printable, DisarmsControlCharacters) {
  EXPECT_EQ(Printable("\x1b]0;title\a"), "\\x1b]0;title\\x07");
  EXPECT_EQ(Printable("\r\x7f\x08"), "\\x0d\\x7f\\x08");
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31mb\xC2"),
            "a\\x9b31mb\xC2");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, IsWhatErrorsAre) {
  const Status error = MakeError({.code = ErrorCode::kDataFileMissing,
                                  .what = "a data file is missing",
                                  .where = "/t/a\x1b[2J.parquet"});
  EXPECT_EQ(RenderError(error).find('\x1b'), std::string::npos) << RenderError(error);
  EXPECT_NE(RenderError(error).find("a\\x1b[2J.parquet"), std::string::npos);
}

}  // namespace
}  // namespace spillway
