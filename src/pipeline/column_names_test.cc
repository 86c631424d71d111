#include "pipeline/column_names.h"

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

spec::LocatedText Name(std::string text) {
  return {.text = std::move(text), .origin = "test.yaml", .anchors = {{.line = 3, .column = 7}}};
}

arrow::FieldVector Fields(const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& name : names) fields.push_back(arrow::field(name, arrow::int64()));
  return fields;
}

TEST(ColumnNames, FindsTheOnlyOne) {
  const auto fields = Fields({"id", "Name", "other"});
  EXPECT_EQ(FindColumn(fields, Name("NAME"), "the source").ValueOrDie(), 1);
  EXPECT_EQ(FindColumn(fields, Name("missing"), "the source").ValueOrDie(), -1);
  EXPECT_EQ(FindColumn({}, Name("id"), "the source").ValueOrDie(), -1);
}

TEST(ColumnNames, RefusesAnAmbiguousOne) {
  const auto found = FindColumn(Fields({"Id", "x", "iD"}), Name("id"), "the source");
  ASSERT_EQ(test::CodeOf(found.status()), ErrorCode::kAmbiguousColumn);
  EXPECT_EQ(test::WhereOf(found.status()), "test.yaml:3:7");
  EXPECT_EQ(FindError(found.status())->why,
            "the source has two columns with that name: \"Id\" and \"iD\"");
}

TEST(ColumnNames, Lists) {
  EXPECT_EQ(NamesOf(Fields({"b", "a"})), (std::vector<std::string>{"b", "a"}));
}

}  // namespace
}  // namespace spillway::pipeline
