#include "pipeline/renamed_columns.h"

#include <gtest/gtest.h>

namespace spillway::pipeline {
namespace {

std::string Renamed(const std::vector<std::string>& names, const std::vector<std::string>& taken) {
  return ColumnsAsYaml(RenameColumns("l", names, taken));
}

TEST(RenameColumns, KeepsWhatNothingHas) { EXPECT_EQ(Renamed({"a", "b"}, {"c"}), "{a: a, b: b}"); }

TEST(RenameColumns, PutsTheLookupsNameBefore) {
  EXPECT_EQ(Renamed({"a", "b"}, {"A"}), "{l_a: a, b: b}");
  EXPECT_EQ(Renamed({"a", "l_a"}, {"a"}), "{l_a_2: a, l_a: l_a}");
  EXPECT_EQ(Renamed({"a", "b"}, {"a", "l_a", "b"}), "{l_a_2: a, l_b: b}");
}

TEST(ColumnAsYaml, QuotesWhatIsNoName) {
  EXPECT_EQ(ColumnAsYaml("a"), "a");
  EXPECT_EQ(ColumnAsYaml("a b"), "\"`a b`\"");
  EXPECT_EQ(ColumnAsYaml("it's"), "\"`it's`\"");
  EXPECT_EQ(ColumnAsYaml("true"), "\"`true`\"");
  EXPECT_EQ(ColumnAsYaml("current_date"), "current_date");  // a column comes before the function
  EXPECT_EQ(ColumnAsYaml("${v}"), "\"`$${v}`\"");
}

}  // namespace
}  // namespace spillway::pipeline
