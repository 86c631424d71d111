#include "expression/java_digits.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expression/floating_text.h"

namespace spillway::expression {
namespace {

std::string FloatText(float value) {
  char buffer[40];
  return std::string(buffer, FormatFloat(value, buffer));
}

// What System.out.println of OpenJDK 17.0.15 prints.
TEST(JavaDigits, AreThoseOfJava17) {
  EXPECT_EQ(FormatDouble(1e23), "9.999999999999999E22");
  EXPECT_EQ(FormatDouble(2e-44), "2.0E-44");
  EXPECT_EQ(FormatDouble(8.41E21), "8.409999999999999E21");
  EXPECT_EQ(FormatDouble(2.2250738585072014E-308), "2.2250738585072014E-308");
  EXPECT_EQ(FormatDouble(4.9E-324), "4.9E-324");
  EXPECT_EQ(FormatDouble(1.0E22), "1.0E22");
  EXPECT_EQ(FormatDouble(2.0E-3), "0.002");
  EXPECT_EQ(FormatDouble(9007199254740993.0), "9.007199254740992E15");
  EXPECT_EQ(FormatDouble(1.1E-5), "1.1E-5");
  EXPECT_EQ(FormatDouble(123456789012345680.0), "1.2345678901234568E17");
  EXPECT_EQ(FormatDouble(5.684341886080802E-14), "5.6843418860808015E-14");
  EXPECT_EQ(FormatDouble(9.223372036854775E18), "9.2233720368547748E18");
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(-12345.678), "-12345.678");
  EXPECT_EQ(FormatDouble(9999999.0), "9999999.0");
  EXPECT_EQ(FormatDouble(10000000.0), "1.0E7");
  EXPECT_EQ(FormatDouble(-0.0), "-0.0");
  EXPECT_EQ(FormatDouble(-INFINITY), "-Infinity");
  EXPECT_EQ(FormatDouble(NAN), "NaN");
  EXPECT_EQ(FloatText(1.0E10F), "1.0E10");
  EXPECT_EQ(FloatText(3.4028235E38F), "3.4028235E38");
  EXPECT_EQ(FloatText(1.4E-45F), "1.4E-45");
  EXPECT_EQ(FloatText(1.1754944E-38F), "1.17549435E-38");
  EXPECT_EQ(FloatText(8.5899346E9F), "8.5899346E9");
  EXPECT_EQ(FloatText(2147483648.0F), "2.14748365E9");
  EXPECT_EQ(FloatText(2.0E-3F), "0.002");
}

// Not always the shortest digits, but always the same number.
TEST(JavaDigits, ReadBackAsTheSameNumber) {
  const unsigned seed = 4711;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = FormatDouble(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text << ", seed " << seed;
    const auto small = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(small)) continue;
    ASSERT_EQ(std::strtof(FloatText(small).c_str(), nullptr), small) << "seed " << seed;
  }
}

TEST(FloatingText, ReadsWhatJavaReads) {
  EXPECT_EQ(ParseDouble(" 1.5 "), 1.5);
  EXPECT_EQ(ParseDouble("1.5d"), 1.5);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble("5."), 5.0);
  EXPECT_EQ(ParseDouble("0x1.8p1"), 3.0);
  EXPECT_EQ(ParseDouble("1e400"), INFINITY);
  EXPECT_EQ(ParseDouble("-inf"), -INFINITY);
  EXPECT_TRUE(std::isnan(ParseDouble("nan").value()));
  for (const char* text : {"", ".", "e5", "1e", "--1", "1 2", "0x1", "in", "1.5dd", "+-1"}) {
    EXPECT_FALSE(ParseDouble(text)) << text;
  }
}

}  // namespace
}  // namespace spillway::expression
