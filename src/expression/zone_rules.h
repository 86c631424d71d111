// The history and the rules of one time zone, from the system's tz database (TZif files, RFC 8536).
//
// Thread rule: immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::expression {

// When daylight saving time starts or ends in every year, as POSIX TZ texts say it.
struct YearlyChange {
  enum class Form : uint8_t { kWeekdayOfMonth, kDayWithoutLeap, kDay };
  Form form = Form::kDay;
  int month = 1;
  int week = 1;            // 5 is the last
  int day = 0;             // 0 is Sunday, or the day of the year
  int64_t seconds = 7200;  // of that day, by the clock before the change
};

class ZoneRules {
 public:
  // The rules of `region` ("Europe/Berlin"); nullopt if this machine has none of that name.
  static std::optional<ZoneRules> Load(std::string_view region);

  // The same from the bytes of a TZif file.
  static std::optional<ZoneRules> FromTzif(std::string_view bytes);

  // Seconds that local time is ahead of UTC at `utc_seconds` since 1970-01-01 00:00 UTC.
  int64_t OffsetAt(int64_t utc_seconds) const;

 private:
  bool ReadFooter(std::string_view text);
  int64_t OffsetByRules(int64_t utc_seconds) const;

  std::vector<int64_t> changes_;  // ascending; offsets_[i + 1] holds from changes_[i] on
  std::vector<int64_t> offsets_;
  // What holds behind the last change.
  bool has_rules_ = false;
  bool has_daylight_ = false;
  int64_t standard_offset_ = 0;
  int64_t daylight_offset_ = 0;
  YearlyChange start_;
  YearlyChange end_;
};

}  // namespace spillway::expression
