#include "expression/calendar.h"

#include <chrono>
#include <random>

#include <gtest/gtest.h>

namespace spillway::expression {
namespace {

// The standard library's calendar holds years from -32767 to 32767.
TEST(Calendar, AgreesWithTheStandardLibrary) {
  const unsigned seed = 20240229;
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> days_of(-12'600'000, 11'200'000);
  for (int i = 0; i < 200'000; ++i) {
    const int days = days_of(random);
    const std::chrono::year_month_day expected{std::chrono::sys_days{std::chrono::days{days}}};
    const CivilDate date = ToCivil(days);
    ASSERT_EQ(date.year, static_cast<int>(expected.year())) << "seed " << seed << ", day " << days;
    ASSERT_EQ(date.month, static_cast<int>(static_cast<unsigned>(expected.month()))) << days;
    ASSERT_EQ(date.day, static_cast<int>(static_cast<unsigned>(expected.day()))) << days;
    ASSERT_EQ(ToDays(date), days);
    const std::chrono::weekday weekday{std::chrono::sys_days{std::chrono::days{days}}};
    ASSERT_EQ(DayOfWeek(days), static_cast<int>(weekday.iso_encoding())) << days;
    ASSERT_EQ(IsLeapYear(date.year), expected.year().is_leap());
  }
}

TEST(Calendar, KeepsTheWholeRangeOfDates) {
  for (const int64_t days : {int64_t{-2147483648}, int64_t{2147483647}, int64_t{-719528}}) {
    EXPECT_EQ(ToDays(ToCivil(days)), days);
  }
  EXPECT_EQ(ToCivil(-719528).year, 0);
}

TEST(Calendar, SplitsTimesBeforeTheEpoch) {
  const CivilTime time = ToCivilTime(-1);
  EXPECT_EQ(time.date.year, 1969);
  EXPECT_EQ(time.hour, 23);
  EXPECT_EQ(time.second, 59);
  EXPECT_EQ(time.micros, 999'999);
}

TEST(Calendar, RefusesMomentsOutsideOf64Bits) {
  EXPECT_EQ(ToMicros(9'223'372'036'854, 775'807), std::optional<int64_t>(INT64_MAX));
  EXPECT_EQ(ToMicros(9'223'372'036'854, 775'808), std::nullopt);
  EXPECT_EQ(ToMicros(-9'223'372'036'855, 224'192), std::optional<int64_t>(INT64_MIN));
}

}  // namespace
}  // namespace spillway::expression
