#include "expression/column_reference.h"

#include <string>

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "expression/expression.h"

namespace spillway::expression {
namespace {

TEST(ColumnReference, HasBackQuotesWhereTheNameWantsThem) {
  EXPECT_EQ(ColumnReference("image_name"), "image_name");
  EXPECT_EQ(ColumnReference("the score"), "`the score`");
  EXPECT_EQ(ColumnReference("a.b"), "`a.b`");
  EXPECT_EQ(ColumnReference("`a`"), "```a```");
  EXPECT_EQ(ColumnReference("a -- b"), "`a -- b`");
}

TEST(ColumnReference, AnyNameCanBeQuoted) {
  EXPECT_EQ(BackQuoted("plain"), "`plain`");
  EXPECT_EQ(BackQuoted("a`b"), "`a``b`");
  EXPECT_EQ(BackQuoted(""), "``");
}

TEST(ColumnReference, BindsToTheColumn) {
  for (const std::string name :
       {"a",   "null",     "true", "case", "current_date", "date", "1a",    "1", "a b",
        " a",  "a ",       "x.y",  "`",    "(a)",          "-a",   "größe", "#", "/* a */ b",
        "'a'", "interval", "not",  "END"}) {
    const auto schema =
        arrow::schema({arrow::field("z", arrow::utf8()), arrow::field(name, arrow::int32())});
    const auto bound = Bind(ColumnReference(name), *schema);
    ASSERT_TRUE(bound.ok()) << name << ": " << bound.status();
    ASSERT_EQ(bound->columns().size(), 1U) << name;
    EXPECT_EQ(bound->columns()[0], 1) << name;
  }
}

}  // namespace
}  // namespace spillway::expression
