// The proleptic Gregorian calendar: days since 1970-01-01 and microseconds since its midnight, and
// the fields they stand for, for any year that Spark holds.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <optional>

namespace spillway::expression {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kSecondsPerDay = 86'400;
inline constexpr int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;

struct CivilDate {
  int64_t year = 1970;  // 0 is 1 BC
  int month = 1;        // 1..12
  int day = 1;          // 1..31
};

inline int64_t FloorDivide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

inline int64_t FloorModulo(int64_t value, int64_t divisor) {
  return value - FloorDivide(value, divisor) * divisor;
}

// Both ways by eras of 400 years that start on 1 March, so that the leap day comes last.
inline CivilDate ToCivil(int64_t days) {
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // from March
  return {.year = year_of_era + era * 400 + (month >= 10 ? 1 : 0),
          .month = static_cast<int>(month < 10 ? month + 3 : month - 9),
          .day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1)};
}

inline int64_t ToDays(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

inline bool IsLeapYear(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

inline int DaysInMonth(int64_t year, int month) {
  if (month == 2) return IsLeapYear(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

inline bool IsDate(const CivilDate& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= DaysInMonth(date.year, date.month);
}

inline int DayOfYear(const CivilDate& date) {
  return static_cast<int>(ToDays(date) - ToDays({date.year, 1, 1})) + 1;
}

// 1 is Monday, 7 is Sunday.
inline int DayOfWeek(int64_t days) { return static_cast<int>(FloorModulo(days + 3, 7)) + 1; }

// A moment as the fields that people read.
struct CivilTime {
  CivilDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
};

inline CivilTime ToCivilTime(int64_t micros) {
  const int64_t days = FloorDivide(micros, kMicrosPerDay);
  const int64_t rest = micros - days * kMicrosPerDay;
  const int64_t seconds = rest / kMicrosPerSecond;
  return {.date = ToCivil(days),
          .hour = static_cast<int>(seconds / 3600),
          .minute = static_cast<int>(seconds / 60 % 60),
          .second = static_cast<int>(seconds % 60),
          .micros = static_cast<int>(rest % kMicrosPerSecond)};
}

// Microseconds of second `seconds` (since 1970) and `micros` in it; nullopt above 64 bits.
inline std::optional<int64_t> ToMicros(int64_t seconds, int64_t micros) {
  // Below zero the second's start may lie outside while the moment lies inside.
  const __int128 total = static_cast<__int128>(seconds) * kMicrosPerSecond + micros;
  if (total != static_cast<int64_t>(total)) return std::nullopt;
  return static_cast<int64_t>(total);
}

}  // namespace spillway::expression
