#include "base/error.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

ErrorInfo UnknownKey() {
  return {.code = ErrorCode::kUnknownKey,
          .what = "unknown key \"colums\" in the pipeline file",
          .where = "silver.yaml:12:3",
          .why = "no release knows it",
          .cure = "write \"columns\""};
}

TEST(ErrorTest, TravelsThroughAStatusWhole) {
  const Status copy = MakeError(UnknownKey());
  const auto info = FindError(copy);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->code, ErrorCode::kUnknownKey);
  EXPECT_EQ(info->what, UnknownKey().what);
  EXPECT_EQ(info->where, UnknownKey().where);
  EXPECT_EQ(info->why, UnknownKey().why);
  EXPECT_EQ(info->cure, UnknownKey().cure);
  EXPECT_EQ(copy.message(), UnknownKey().what);
}

TEST(ErrorTest, HasTheArrowCodeOfItsClass) {
  EXPECT_TRUE(MakeError({.code = ErrorCode::kBudgetTooSmall, .what = "x"}).IsOutOfMemory());
  EXPECT_TRUE(MakeError({.code = ErrorCode::kBudgetExceeded, .what = "x"}).IsOutOfMemory());
  EXPECT_TRUE(MakeError({.code = ErrorCode::kStorageFull, .what = "x"}).IsIOError());
  EXPECT_TRUE(MakeError({.code = ErrorCode::kUnknownKey, .what = "x"}).IsInvalid());
}

TEST(ErrorTest, ArrowsOwnFailuresCarryNone) {
  EXPECT_FALSE(FindError(Status::OK()).has_value());
  EXPECT_FALSE(FindError(Status::IOError("no")).has_value());
  EXPECT_FALSE(FindError(Status::OutOfMemory("no")).has_value());
}

TEST(WithWhereTest, FillsAnEmptyPlaceOnly) {
  const Status placed =
      WithWhere(MakeError({.code = ErrorCode::kUnknownColumn, .what = "no column x", .why = "w"}),
                ErrorCode::kInternal, "a.yaml:1:2");
  EXPECT_EQ(FindError(placed)->where, "a.yaml:1:2");
  EXPECT_EQ(FindError(placed)->code, ErrorCode::kUnknownColumn);
  EXPECT_EQ(FindError(placed)->why, "w");
  const Status again = WithWhere(placed, ErrorCode::kInternal, "b.yaml");
  EXPECT_EQ(FindError(again)->where, "a.yaml:1:2");
}

TEST(WithWhereTest, CodesAnUncodedFailure) {
  const Status coded = WithWhere(Status::IOError("short read"), ErrorCode::kCorruptDataFile, "f");
  ASSERT_TRUE(FindError(coded).has_value());
  EXPECT_EQ(FindError(coded)->code, ErrorCode::kCorruptDataFile);
  EXPECT_EQ(FindError(coded)->where, "f");
  EXPECT_EQ(FindError(coded)->why, "short read");
  EXPECT_EQ(FindError(coded)->what, TitleOf(ErrorCode::kCorruptDataFile));
  EXPECT_TRUE(WithWhere(Status::OK(), ErrorCode::kInternal, "f").ok());
}

TEST(WithCodeTest, LeavesSuccessAndCodedErrorsAlone) {
  EXPECT_TRUE(WithCode(Status::OK(), ErrorCode::kStorage, "x", "y").ok());
  const Status kept = WithCode(MakeError(UnknownKey()), ErrorCode::kStorage, "x", "y");
  EXPECT_EQ(FindError(kept)->code, ErrorCode::kUnknownKey);
  EXPECT_EQ(FindError(kept)->where, UnknownKey().where);
}

TEST(WithCodeTest, OutOfMemoryIsAlwaysTheBudget) {
  const Status coded =
      WithCode(Status::OutOfMemory("malloc of 9 failed"), ErrorCode::kCorruptDataFile, "x", "f");
  EXPECT_EQ(FindError(coded)->code, ErrorCode::kBudgetExceeded);
  EXPECT_EQ(FindError(coded)->where, "f");
  EXPECT_EQ(FindError(coded)->why, "malloc of 9 failed");
  EXPECT_FALSE(FindError(coded)->cure.empty());
  EXPECT_TRUE(coded.IsOutOfMemory());
}

TEST(ExitCodeTest, IsTheClassOfTheCode) {
  EXPECT_EQ(ExitCode(Status::OK()), 0);
  EXPECT_EQ(ExitCode(MakeError({.code = ErrorCode::kValidationDiffers, .what = "x"})), 1);
  EXPECT_EQ(ExitCode(MakeError(UnknownKey())), 2);
  EXPECT_EQ(ExitCode(MakeError({.code = ErrorCode::kCorruptLog, .what = "x"})), 3);
  EXPECT_EQ(ExitCode(MakeError({.code = ErrorCode::kCommitConflict, .what = "x"})), 4);
  EXPECT_EQ(ExitCode(MakeError({.code = ErrorCode::kBudgetTooSmall, .what = "x"})), 5);
  EXPECT_EQ(ExitCode(MakeError({.code = ErrorCode::kStorageFull, .what = "x"})), 6);
  EXPECT_EQ(ExitCode(Status::Invalid("a fault of ours")), 70);
}

TEST(RenderErrorTest, HasALineForEveryPart) {
  EXPECT_EQ(RenderError(MakeError(UnknownKey())),
            "error[SPW-1103]: unknown key \"colums\" in the pipeline file\n"
            "  where: silver.yaml:12:3\n"
            "  why:   no release knows it\n"
            "  do:    write \"columns\"\n");
}

TEST(RenderErrorTest, LeavesEmptyPartsOutButForTheCureOfTheCode) {
  EXPECT_EQ(RenderError(MakeError({.code = ErrorCode::kStorageFull, .what = "no room"})),
            "error[SPW-6003]: no room\n  do:    Free some space and run again. Nothing that was "
            "committed is lost.\n");
}

TEST(RenderErrorTest, AnUncodedFailureIsOurFault) {
  const std::string text = RenderError(Status::Invalid("offset 7 of 5"));
  EXPECT_TRUE(text.starts_with("error[SPW-9001]: internal error\n")) << text;
  EXPECT_NE(text.find("offset 7 of 5"), std::string::npos) << text;
  EXPECT_NE(text.find("report it"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\n"));
}

}  // namespace
}  // namespace spillway
