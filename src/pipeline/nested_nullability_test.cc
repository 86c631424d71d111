#include "pipeline/nested_nullability.h"

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

using arrow::field;

// A column of every nested type: nothing inside is nullable, or everything.
std::shared_ptr<arrow::Field> Nested(bool nullable) {
  const auto pair =
      arrow::struct_({field("a", arrow::int32(), nullable), field("b", arrow::utf8(), nullable)});
  const auto list = arrow::list(field("element", pair, nullable));
  const auto map = std::make_shared<arrow::MapType>(field("key", arrow::utf8(), false),
                                                    field("value", list, nullable));
  return field("n", arrow::struct_({field("m", map, nullable), field("p", pair, nullable)}),
               nullable);
}

TEST(AllNullable, ReachesEveryDepth) {
  const arrow::Schema strict({field("id", arrow::int64(), false), Nested(false)});
  const arrow::Schema expected({field("id", arrow::int64()), Nested(true)});
  EXPECT_TRUE(AllNullable(strict)->Equals(expected, /*check_metadata=*/true))
      << AllNullable(strict)->ToString();
  EXPECT_TRUE(AllNullable(expected)->Equals(expected));
}

TEST(Holds, WantsRoomForEveryNull) {
  const auto strict = Nested(false);
  const auto loose = Nested(true);
  EXPECT_TRUE(Holds(*loose, *loose));
  EXPECT_TRUE(Holds(*strict, *strict));
  EXPECT_TRUE(Holds(*loose, *strict));
  EXPECT_FALSE(Holds(*strict, *loose));
  EXPECT_FALSE(Holds(*strict->WithNullable(true), *loose));
}

TEST(Holds, WantsTheSameTypes) {
  const auto holds = [](std::shared_ptr<arrow::DataType> stored,
                        std::shared_ptr<arrow::DataType> wanted) {
    return Holds(*field("f", std::move(stored)), *field("other", std::move(wanted), false));
  };
  const auto pair = arrow::struct_({field("a", arrow::int32()), field("b", arrow::utf8())});
  const auto other = arrow::struct_({field("a", arrow::int32()), field("c", arrow::utf8())});
  const auto turned = arrow::struct_({field("b", arrow::utf8()), field("a", arrow::int32())});
  EXPECT_TRUE(holds(pair, pair));
  EXPECT_FALSE(holds(pair, other));
  EXPECT_FALSE(holds(pair, turned));
  EXPECT_FALSE(holds(pair, arrow::struct_({field("a", arrow::int32())})));
  EXPECT_FALSE(holds(arrow::list(arrow::int32()), arrow::list(arrow::int64())));
  EXPECT_FALSE(holds(arrow::int32(), arrow::int64()));
  EXPECT_TRUE(holds(arrow::list(field("element", arrow::int32())),
                    arrow::list(field("item", arrow::int32(), false))));
}

TEST(Relabel, KeepsTheValues) {
  const std::string_view rows = R"([
      {"m": [["k", [{"a": 1, "b": "x"}]], ["l", []]], "p": {"a": 2, "b": "y"}},
      {"m": [], "p": {"a": 3, "b": ""}},
      {"m": [["k", [{"a": 4, "b": "z"}, {"a": 5, "b": "z"}]]], "p": {"a": 6, "b": "é"}}])";
  const auto strict = arrow::json::ArrayFromJSONString(Nested(false)->type(), rows).ValueOrDie();
  const auto loose = arrow::json::ArrayFromJSONString(Nested(true)->type(), rows).ValueOrDie();
  for (int64_t first = 0; first <= 3; ++first) {
    const auto relabelled = Relabel(strict->Slice(first), loose->type());
    ASSERT_TRUE(relabelled->ValidateFull().ok());
    EXPECT_TRUE(relabelled->Equals(loose->Slice(first))) << relabelled->ToString();
  }
  EXPECT_EQ(Relabel(loose, loose->type()), loose);
}

}  // namespace
}  // namespace spillway::pipeline
