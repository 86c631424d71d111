#include "base/column_name.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(ColumnNameTest, CaseMakesNoOtherName) {
  EXPECT_TRUE(SameName("", ""));
  EXPECT_TRUE(SameName("userId", "USERID"));
  EXPECT_TRUE(SameName("Größe", "grÖßE"));
  EXPECT_TRUE(SameName("ÄB", "äb"));
  EXPECT_TRUE(SameName("ДЕНЬ", "день"));
  EXPECT_TRUE(SameName("İx", "i̇x"));  // as Java lowers it
  EXPECT_TRUE(SameName("ΣΑΣ", "σας"));
}

TEST(ColumnNameTest, OtherLettersMakeAnotherName) {
  EXPECT_FALSE(SameName("a", "b"));
  EXPECT_FALSE(SameName("a", "ab"));
  EXPECT_FALSE(SameName("größe", "grösse"));
  EXPECT_FALSE(SameName("a", "ä"));
  EXPECT_FALSE(SameName("İx", "ix"));
  EXPECT_FALSE(SameName("[", "{"));  // 32 apart, as letters of two cases are
}

TEST(ColumnNameTest, BytesThatAreNoTextAreTheirOwnName) {
  EXPECT_TRUE(
      SameName("\xff"
               "A",
               "\xff"
               "A"));
  EXPECT_FALSE(
      SameName("\xff"
               "A",
               "\xff"
               "a"));
}

TEST(ColumnNameTest, FoldedNamesAreEqualWhereNamesAreTheSame) {
  EXPECT_EQ(FoldName("userId"), "userid");
  EXPECT_EQ(FoldName("GRÖßE"), "größe");
  EXPECT_EQ(FoldName(FoldName("İX")), FoldName("İX"));
}

}  // namespace
}  // namespace spillway
