#include "expression/decimal_math.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "expression/decimal_text.h"
#include "expression/wide_integer.h"

namespace spillway::expression {
namespace {

Int128 Number(std::string_view text) {
  Int128 value = 0;
  EXPECT_TRUE(ToDecimal(*ParseDecimal(text), 38, 0, &value)) << text;
  return value;
}

// Schoolbook arithmetic on decimal digits, least significant first: slow and plain.
using Digits = std::vector<int>;

Digits ToDigits(UInt128 value) {
  Digits digits;
  for (; value > 0; value /= 10) digits.push_back(static_cast<int>(value % 10));
  return digits;
}

Digits Times(const Digits& a, const Digits& b) {
  Digits product(a.size() + b.size() + 1, 0);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) product[i + j] += a[i] * b[j];
  }
  for (size_t i = 0; i + 1 < product.size(); ++i) {
    product[i + 1] += product[i] / 10;
    product[i] %= 10;
  }
  return product;
}

// The digits behind the last `dropped` ones, rounded half up; nullopt above 38 of them.
std::optional<Int128> RoundedAt(const Digits& digits, size_t dropped) {
  Int128 value = 0;
  for (size_t i = digits.size(); i-- > dropped;) {
    if (value >= PowerOfTen(37)) return std::nullopt;  // one digit more is 39
    value = value * 10 + digits[i];
  }
  if (dropped > 0 && dropped <= digits.size() && digits[dropped - 1] >= 5) ++value;
  return value;
}

Int128 RandomNumber(std::mt19937_64& random) {
  const int digits = std::uniform_int_distribution<int>(1, 38)(random);
  const UInt128 bits = (static_cast<UInt128>(random()) << 64) | random();
  const auto size = static_cast<Int128>(bits % static_cast<UInt128>(PowerOfTen(digits)));
  return random() % 2 == 0 ? size : -size;
}

UInt128 Size(Int128 value) { return static_cast<UInt128>(value < 0 ? -value : value); }

TEST(DecimalMath, MultipliesAsOnPaper) {
  const unsigned seed = 99;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const Int128 a = RandomNumber(random);
    const Int128 b = RandomNumber(random);
    const int scale_a = std::uniform_int_distribution<int>(0, 38)(random);
    const int scale_b = std::uniform_int_distribution<int>(0, 38)(random);
    const int scale =
        std::uniform_int_distribution<int>(0, std::min(38, scale_a + scale_b))(random);
    const auto expected = RoundedAt(Times(ToDigits(Size(a)), ToDigits(Size(b))),
                                    static_cast<size_t>(scale_a + scale_b - scale));
    Int128 product = 0;
    const bool fits = MultiplyDecimals(a, scale_a, b, scale_b, 38, scale, &product);
    const bool expected_fits = expected && *expected < PowerOfTen(38);
    ASSERT_EQ(fits, expected_fits) << "seed " << seed << ", round " << i;
    if (!fits) continue;
    ASSERT_TRUE(product == ((a < 0) == (b < 0) ? *expected : -*expected)) << i;
  }
}

// quotient * divisor + rest is the dividend again, whatever path computed it.
TEST(DecimalMath, WideDivisionIsTheInverseOfMultiplication) {
  const unsigned seed = 7;
  std::mt19937_64 random(seed);
  for (int i = 0; i < 5'000; ++i) {
    const UInt128 a = Size(RandomNumber(random));
    const UInt128 divisor = Size(RandomNumber(random)) + 1;
    const UInt128 rest = Size(RandomNumber(random)) % divisor;
    const WideInteger dividend = WideInteger::Product(a, divisor) + WideInteger{.low = rest};
    WideInteger remainder;
    const WideInteger quotient = dividend.DivideBy({.low = divisor}, &remainder);
    ASSERT_TRUE(quotient == WideInteger{.low = a}) << "seed " << seed;
    ASSERT_TRUE(remainder == WideInteger{.low = rest}) << "seed " << seed;
  }
}

TEST(DecimalMath, RoundsHalfUpAwayFromZero) {
  EXPECT_TRUE(DivideByPower(25, 1, Rounding::kHalfUp) == 3);
  EXPECT_TRUE(DivideByPower(-25, 1, Rounding::kHalfUp) == -3);
  EXPECT_TRUE(DivideByPower(24, 1, Rounding::kHalfUp) == 2);
  EXPECT_TRUE(DivideByPower(-21, 1, Rounding::kFloor) == -3);
  EXPECT_TRUE(DivideByPower(21, 1, Rounding::kCeiling) == 3);
  EXPECT_TRUE(DivideByPower(99, 50, Rounding::kHalfUp) == 0);
}

TEST(DecimalMath, AddsWhatDoesNotFitAtOneScale) {
  Int128 sum = 0;
  // 10^38 - 1 at scale 0 and 1 at scale 38: 39 digits cannot hold the sum at scale 38.
  EXPECT_TRUE(AddDecimals(PowerOfTen(37), 0, 1, 38, 38, 0, &sum));
  EXPECT_TRUE(sum == PowerOfTen(37));
  EXPECT_FALSE(AddDecimals(PowerOfTen(38) - 1, 0, PowerOfTen(38) - 1, 38, 38, 0, &sum));
  EXPECT_TRUE(AddDecimals(PowerOfTen(38) - 1, 0, -(PowerOfTen(38) - 1), 38, 38, 0, &sum));
  EXPECT_TRUE(sum == PowerOfTen(38) - 2);
}

TEST(DecimalMath, NegatesWith34Digits) {
  Int128 negated = 0;
  EXPECT_TRUE(NegateDecimal(Number("12345678901234567890123456789012345678"), 38, &negated));
  EXPECT_EQ(FormatDecimal(negated, 0), "-12345678901234567890123456789012350000");
  EXPECT_FALSE(NegateDecimal(PowerOfTen(38) - 1, 38, &negated));
  EXPECT_TRUE(NegateDecimal(-15, 2, &negated));
  EXPECT_TRUE(negated == 15);
}

TEST(DecimalText, WritesEveryDigitOfTheScale) {
  EXPECT_EQ(FormatDecimal(0, 2), "0.00");
  EXPECT_EQ(FormatDecimal(-5, 2), "-0.05");
  EXPECT_EQ(FormatDecimal(12345, 3), "12.345");
  EXPECT_EQ(FormatDecimal(-(PowerOfTen(38) - 1), 38), "-0." + std::string(38, '9'));
}

TEST(DecimalText, ReadsAsBigDecimalDoes) {
  const auto read = [](std::string_view text, int precision, int scale) -> std::string {
    const std::optional<ParsedDecimal> parsed = ParseDecimal(text);
    Int128 value = 0;
    if (!parsed) return "malformed";
    return ToDecimal(*parsed, precision, scale, &value) ? FormatDecimal(value, scale) : "too large";
  };
  EXPECT_EQ(read("1.005", 5, 2), "1.01");
  EXPECT_EQ(read("-.5", 5, 0), "-1");
  EXPECT_EQ(read("1e3", 5, 1), "1000.0");
  EXPECT_EQ(read("1E-40", 38, 38), FormatDecimal(0, 38));
  EXPECT_EQ(read("999.995", 5, 2), "too large");
  EXPECT_EQ(read("1e999999999", 38, 0), "too large");
  EXPECT_EQ(read("0e999999999", 38, 0), "0");
  for (const char* text : {"", "-", ".", "1.2.3", "1e", "e1", "1 ", "0x1", "1e+-1"}) {
    EXPECT_EQ(read(text, 38, 0), "malformed") << text;
  }
}

}  // namespace
}  // namespace spillway::expression
