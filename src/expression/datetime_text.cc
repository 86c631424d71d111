#include "expression/datetime_text.h"

#include <fmt/format.h>

#include "expression/calendar.h"

namespace spillway::expression {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBlank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

// Reads between `least` and `most` digits off the front of `text`; false if there are fewer or
// more.
bool TakeDigits(std::string_view* text, size_t least, size_t most, int* value) {
  size_t count = 0;
  *value = 0;
  while (count < text->size() && IsDigit((*text)[count])) {
    if (count == most) return false;
    *value = *value * 10 + ((*text)[count++] - '0');
  }
  text->remove_prefix(count);
  return count >= least;
}

bool TakeChar(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

// [+-]yyyy[-m[m][-d[d]]] off the front of `text`; `parts` says how many of the three were there.
bool TakeDate(std::string_view* text, size_t longest_year, CivilDate* date, int* parts) {
  const bool negative = text->starts_with('-');
  if (negative || text->starts_with('+')) text->remove_prefix(1);
  int year = 0;
  if (!TakeDigits(text, 4, longest_year, &year)) return false;
  date->year = negative ? -year : year;
  *parts = 1;
  if (!TakeChar(text, '-')) return true;
  if (!TakeDigits(text, 1, 2, &date->month)) return false;
  *parts = 2;
  if (!TakeChar(text, '-')) return true;
  *parts = 3;
  return TakeDigits(text, 1, 2, &date->day);
}

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
  int parts = 0;
};

// h[h][:m[m][:s[s][.f*]]] off the front of `text`.
bool TakeTime(std::string_view* text, TimeOfDay* time) {
  if (!TakeDigits(text, 1, 2, &time->hour)) return false;
  time->parts = 1;
  if (!TakeChar(text, ':')) return true;
  if (!TakeDigits(text, 1, 2, &time->minute)) return false;
  time->parts = 2;
  if (!TakeChar(text, ':')) return true;
  if (!TakeDigits(text, 1, 2, &time->second)) return false;
  time->parts = 3;
  if (!TakeChar(text, '.')) return true;
  int scale = 100'000;
  while (!text->empty() && IsDigit(text->front())) {
    time->micros += (text->front() - '0') * scale;
    scale /= 10;
    text->remove_prefix(1);
  }
  return true;
}

bool IsTime(const TimeOfDay& time) {
  return time.hour <= 23 && time.minute <= 59 && time.second <= 59;
}

struct ParsedTimestamp {
  CivilDate date;
  TimeOfDay time;
  bool has_date = true;
  std::optional<TimeZone> zone;
};

std::optional<ParsedTimestamp> Parse(std::string_view text, ZoneDatabase* zones) {
  text = TrimBlanks(text);
  if (text.empty()) return std::nullopt;
  ParsedTimestamp parsed;
  parsed.has_date = !IsTimeAlone(text);
  if (parsed.has_date) {
    int parts = 0;
    if (!TakeDate(&text, 6, &parsed.date, &parts) || !IsDate(parsed.date)) return std::nullopt;
    if (text.empty()) return parsed;
    if (parts < 3 || (!TakeChar(&text, ' ') && !TakeChar(&text, 'T'))) return std::nullopt;
  } else {
    TakeChar(&text, 'T');
  }
  if (!TakeTime(&text, &parsed.time) || !IsTime(parsed.time)) return std::nullopt;
  if (text.empty()) return parsed;
  if (parsed.time.parts < 3) return std::nullopt;
  parsed.zone = TimeZone::Parse(TrimBlanks(text), zones);
  if (!parsed.zone) return std::nullopt;
  return parsed;
}

int64_t LocalSeconds(int64_t days, const TimeOfDay& time) {
  return days * kSecondsPerDay + time.hour * 3600 + time.minute * 60 + time.second;
}

char* PutTwo(int value, char* out) {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

char* PutDate(const CivilDate& date, char* out) {
  int64_t year = date.year;
  if (year < 0) {
    *out++ = '-';
    year = -year;
  } else if (year > 9999) {
    *out++ = '+';
  }
  if (year > 9999) {
    out = fmt::format_to(out, "{}", year);
  } else {
    out = PutTwo(static_cast<int>(year / 100), out);
    out = PutTwo(static_cast<int>(year % 100), out);
  }
  *out++ = '-';
  out = PutTwo(date.month, out);
  *out++ = '-';
  return PutTwo(date.day, out);
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  text = TrimBlanks(text);
  CivilDate date;
  int parts = 0;
  if (!TakeDate(&text, 7, &date, &parts) || !IsDate(date)) return std::nullopt;
  const bool ends = text.empty();
  const bool more = parts == 3 && (text.starts_with(' ') || text.starts_with('T'));
  if (!ends && !more) return std::nullopt;
  const int64_t days = ToDays(date);
  if (days != static_cast<int32_t>(days)) return std::nullopt;
  return static_cast<int32_t>(days);
}

// It starts with T, or has a colon behind its first digits.
bool IsTimeAlone(std::string_view text) {
  text = TrimBlanks(text);
  if (text.starts_with('T')) return true;
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  return digits > 0 && digits < text.size() && text[digits] == ':';
}

std::optional<int64_t> ParseTimestamp(std::string_view text, int64_t now_micros,
                                      ZoneDatabase* zones) {
  const std::optional<ParsedTimestamp> parsed = Parse(text, zones);
  if (!parsed) return std::nullopt;
  const int64_t days =
      parsed->has_date ? ToDays(parsed->date) : FloorDivide(now_micros, kMicrosPerDay);
  const int64_t local = LocalSeconds(days, parsed->time);
  return ToMicros(parsed->zone ? parsed->zone->ToUtcSeconds(local) : local, parsed->time.micros);
}

std::optional<int64_t> ParseTimestampNtz(std::string_view text, ZoneDatabase* zones) {
  const std::optional<ParsedTimestamp> parsed = Parse(text, zones);
  if (!parsed || !parsed->has_date) return std::nullopt;
  return ToMicros(LocalSeconds(ToDays(parsed->date), parsed->time), parsed->time.micros);
}

char* FormatDate(int64_t days, char* out) { return PutDate(ToCivil(days), out); }

char* FormatTimestamp(int64_t micros, char* out) {
  const CivilTime time = ToCivilTime(micros);
  out = PutDate(time.date, out);
  *out++ = ' ';
  out = PutTwo(time.hour, out);
  *out++ = ':';
  out = PutTwo(time.minute, out);
  *out++ = ':';
  out = PutTwo(time.second, out);
  if (time.micros == 0) return out;
  *out++ = '.';
  int rest = time.micros;
  for (int place = 100'000; rest > 0; place /= 10) {
    *out++ = static_cast<char>('0' + rest / place);
    rest %= place;
  }
  return out;
}

}  // namespace spillway::expression
