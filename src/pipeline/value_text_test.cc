#include "pipeline/value_text.h"

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

std::string TextOf(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  const auto array = arrow::json::ArrayFromJSONString(type, "[" + json + "]").ValueOrDie();
  return ValueText(*array, 0).ValueOrDie();
}

TEST(ValueText, IsWhatAPersonReads) {
  EXPECT_EQ(TextOf(arrow::utf8(), "\"acc_1.jpg\""), "acc_1.jpg");
  EXPECT_EQ(TextOf(arrow::large_utf8(), "\"\""), "");
  EXPECT_EQ(TextOf(arrow::binary(), "\"\\u0000az\""), "00617A");
  EXPECT_EQ(TextOf(arrow::float64(), "0.1"), "0.1");
  EXPECT_EQ(TextOf(arrow::float32(), "0.1"), "0.1");
  EXPECT_EQ(TextOf(arrow::int32(), "-7"), "-7");
  EXPECT_EQ(TextOf(arrow::boolean(), "true"), "true");
  EXPECT_EQ(TextOf(arrow::date32(), "0"), "1970-01-01");
  EXPECT_EQ(TextOf(arrow::decimal128(9, 2), "\"1.50\""), "1.50");
  EXPECT_EQ(TextOf(arrow::utf8(), "null"), "NULL");
}

TEST(ValueText, TellsLongValuesApart) {
  const std::string same(5000, 'x');
  const std::string left = TextOf(arrow::utf8(), "\"" + same + "a\"");
  const std::string right = TextOf(arrow::utf8(), "\"" + same + "b\"");
  EXPECT_NE(left, right);
  EXPECT_LT(left.size(), 120U);
  EXPECT_TRUE(left.starts_with(same.substr(0, 60) + ".. (5,001 bytes, hash ")) << left;
  EXPECT_NE(TextOf(arrow::binary(), "\"" + same + "a\""),
            TextOf(arrow::binary(), "\"" + same + "b\""));
  std::string list = "[1";
  for (int i = 0; i < 500; ++i) list += ",1";
  EXPECT_LT(TextOf(arrow::list(arrow::int32()), list + "]").size(), 120U);
}

TEST(ValueText, CutsBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "é";  // two bytes each
  const std::string cut = TextOf(arrow::utf8(), "\"" + text + "\"");
  EXPECT_EQ(cut.substr(0, cut.find("..")), text.substr(0, 59));
}

}  // namespace
}  // namespace spillway::pipeline
