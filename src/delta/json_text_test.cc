#include "delta/json_text.h"

#include <gtest/gtest.h>

namespace spillway::delta {
namespace {

TEST(JsonText, EscapesStrings) {
  EXPECT_EQ(JsonString("plain é"), "\"plain é\"");
  EXPECT_EQ(JsonString("q\" b\\ n\n t\t \x01"), R"("q\" b\\ n\u000a t\u0009 \u0001")");
}

TEST(JsonText, Lists) {
  EXPECT_EQ(JsonList({}), "[]");
  EXPECT_EQ(JsonList({"a", "b\""}), R"(["a","b\""])");
}

TEST(JsonText, ObjectsKeepTheirOrder) {
  JsonObject object;
  EXPECT_TRUE(object.empty());
  ASSERT_TRUE(object.Set({"z"}, "1").ok());
  ASSERT_TRUE(object.Set({"a", "y"}, "2").ok());
  ASSERT_TRUE(object.Set({"a", "b", "c"}, "3").ok());
  EXPECT_EQ(object.ToString(), R"({"z":1,"a":{"y":2,"b":{"c":3}}})");
  EXPECT_FALSE(object.Set({"z"}, "4").ok());
  EXPECT_FALSE(object.Set({"z", "x"}, "4").ok());
  EXPECT_FALSE(object.Set({"a"}, "4").ok());
}

}  // namespace
}  // namespace spillway::delta
