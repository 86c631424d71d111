#include "expression/zone_rules.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "expression/calendar.h"

namespace spillway::expression {
namespace {

constexpr std::string_view kDatabase = "/usr/share/zoneinfo/";
constexpr size_t kHeaderBytes = 44;
constexpr size_t kLargestFileBytes = 1 << 20;

int64_t BigEndian(std::string_view bytes) {
  // The sign comes from the first byte.
  int64_t value = static_cast<signed char>(bytes[0]);
  for (const char c : bytes.substr(1)) value = value * 256 + static_cast<unsigned char>(c);
  return value;
}

struct Header {
  char version;
  size_t times, types, chars, leaps, standards, universals;

  size_t BodyBytes(size_t time_bytes) const {
    return times * time_bytes + times + types * 6 + chars + leaps * (time_bytes + 4) + standards +
           universals;
  }
};

std::optional<Header> ReadHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return std::nullopt;
  size_t counts[6];
  for (size_t i = 0; i < 6; ++i) {
    const int64_t count = BigEndian(bytes.substr(20 + 4 * i, 4));
    if (count < 0 || count > static_cast<int64_t>(kLargestFileBytes)) return std::nullopt;
    counts[i] = static_cast<size_t>(count);
  }
  return Header{.version = bytes[4],
                .times = counts[3],
                .types = counts[4],
                .chars = counts[5],
                .leaps = counts[2],
                .standards = counts[1],
                .universals = counts[0]};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool TakeChar(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeNumber(std::string_view* text, int64_t* value) {
  size_t count = 0;
  *value = 0;
  while (count < text->size() && count < 6 && IsDigit((*text)[count])) {
    *value = *value * 10 + ((*text)[count++] - '0');
  }
  text->remove_prefix(count);
  return count > 0;
}

// A zone's abbreviation: letters, or anything between < and >.
bool TakeName(std::string_view* text) {
  size_t count = 0;
  if (text->starts_with('<')) {
    count = text->find('>');
    if (count == std::string_view::npos) return false;
    ++count;
  } else {
    while (count < text->size() &&
           (((*text)[count] | 0x20) >= 'a' && ((*text)[count] | 0x20) <= 'z')) {
      ++count;
    }
  }
  text->remove_prefix(count);
  return count > 0;
}

// [+-]h[:m[:s]] in seconds.
bool TakeClock(std::string_view* text, int64_t* seconds) {
  const bool negative = text->starts_with('-');
  if (negative || text->starts_with('+')) text->remove_prefix(1);
  int64_t part = 0;
  if (!TakeNumber(text, &part)) return false;
  *seconds = part * 3600;
  for (const int64_t unit : {60, 1}) {
    if (!TakeChar(text, ':')) break;
    if (!TakeNumber(text, &part)) return false;
    *seconds += part * unit;
  }
  if (negative) *seconds = -*seconds;
  return true;
}

bool TakeChange(std::string_view* text, YearlyChange* change) {
  if (!TakeChar(text, ',')) return false;
  int64_t number = 0;
  if (TakeChar(text, 'M')) {
    change->form = YearlyChange::Form::kWeekdayOfMonth;
    int64_t week = 0;
    int64_t day = 0;
    if (!TakeNumber(text, &number) || !TakeChar(text, '.') || !TakeNumber(text, &week) ||
        !TakeChar(text, '.') || !TakeNumber(text, &day) || number < 1 || number > 12 || day > 6) {
      return false;
    }
    change->month = static_cast<int>(number);
    change->week = static_cast<int>(week);
    change->day = static_cast<int>(day);
  } else {
    change->form =
        TakeChar(text, 'J') ? YearlyChange::Form::kDayWithoutLeap : YearlyChange::Form::kDay;
    if (!TakeNumber(text, &number)) return false;
    change->day = static_cast<int>(number);
  }
  return !TakeChar(text, '/') || TakeClock(text, &change->seconds);
}

// The change's day in `year`, in days since 1970-01-01.
int64_t DayOf(const YearlyChange& change, int64_t year) {
  const int64_t january = ToDays({year, 1, 1});
  switch (change.form) {
    case YearlyChange::Form::kDay:
      return january + change.day;
    case YearlyChange::Form::kDayWithoutLeap:
      return january + change.day - 1 + (IsLeapYear(year) && change.day >= 60 ? 1 : 0);
    case YearlyChange::Form::kWeekdayOfMonth:
      break;
  }
  const int64_t first = ToDays({year, change.month, 1});
  const int64_t to_weekday = FloorModulo(change.day - DayOfWeek(first) % 7, 7);
  int64_t day = first + to_weekday + 7 * (change.week - 1);
  while (day >= first + DaysInMonth(year, change.month)) day -= 7;
  return day;
}

}  // namespace

std::optional<ZoneRules> ZoneRules::Load(std::string_view region) {
  if (region.find("..") != std::string_view::npos || region.starts_with("posix") ||
      region.starts_with("right") || region == "localtime") {
    return std::nullopt;
  }
  std::ifstream file(std::string(kDatabase) + std::string(region), std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes(kLargestFileBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return FromTzif(bytes);
}

std::optional<ZoneRules> ZoneRules::FromTzif(std::string_view bytes) {
  const std::optional<Header> first = ReadHeader(bytes);
  if (!first || first->version < '2') return std::nullopt;
  const size_t skipped = kHeaderBytes + first->BodyBytes(4);
  if (skipped > bytes.size()) return std::nullopt;
  bytes.remove_prefix(skipped);
  const std::optional<Header> header = ReadHeader(bytes);
  if (!header || header->types == 0) return std::nullopt;
  bytes.remove_prefix(kHeaderBytes);
  if (header->BodyBytes(8) > bytes.size()) return std::nullopt;

  const std::string_view times = bytes.substr(0, header->times * 8);
  const std::string_view indices = bytes.substr(times.size(), header->times);
  const std::string_view types = bytes.substr(times.size() + indices.size(), header->types * 6);
  ZoneRules rules;
  rules.offsets_.push_back(BigEndian(types.substr(0, 4)));
  for (size_t i = 0; i < header->times; ++i) {
    const auto type = static_cast<unsigned char>(indices[i]);
    if (type >= header->types) return std::nullopt;
    rules.changes_.push_back(BigEndian(times.substr(i * 8, 8)));
    rules.offsets_.push_back(BigEndian(types.substr(size_t{type} * 6, 4)));
  }
  std::string_view footer = bytes.substr(header->BodyBytes(8));
  if (TakeChar(&footer, '\n')) {
    rules.has_rules_ = rules.ReadFooter(footer.substr(0, footer.find('\n')));
  }
  return rules;
}

// std offset [dst [offset] ,start[/time],end[/time]], where offsets count west of UTC.
bool ZoneRules::ReadFooter(std::string_view text) {
  int64_t west = 0;
  if (!TakeName(&text) || !TakeClock(&text, &west)) return false;
  standard_offset_ = -west;
  if (text.empty()) return true;
  has_daylight_ = true;
  daylight_offset_ = standard_offset_ + 3600;
  if (!TakeName(&text)) return false;
  if (!text.starts_with(',')) {
    if (!TakeClock(&text, &west)) return false;
    daylight_offset_ = -west;
  }
  return TakeChange(&text, &start_) && TakeChange(&text, &end_) && text.empty();
}

int64_t ZoneRules::OffsetAt(int64_t utc_seconds) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), utc_seconds);
  if (after == changes_.end() && has_rules_) return OffsetByRules(utc_seconds);
  return offsets_[static_cast<size_t>(after - changes_.begin())];
}

int64_t ZoneRules::OffsetByRules(int64_t utc_seconds) const {
  if (!has_daylight_) return standard_offset_;
  const int64_t year = ToCivil(FloorDivide(utc_seconds + standard_offset_, kSecondsPerDay)).year;
  const int64_t start = DayOf(start_, year) * kSecondsPerDay + start_.seconds - standard_offset_;
  const int64_t end = DayOf(end_, year) * kSecondsPerDay + end_.seconds - daylight_offset_;
  const bool daylight = start < end ? utc_seconds >= start && utc_seconds < end
                                    : utc_seconds >= start || utc_seconds < end;
  return daylight ? daylight_offset_ : standard_offset_;
}

}  // namespace spillway::expression
