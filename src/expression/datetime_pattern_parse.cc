// Parsing by a pattern, as DateTimeFormatter does it in its strict style: fields first, then the
// moment that they make together. Letters compare without case.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <arrow/util/string.h>

#include "expression/calendar.h"
#include "expression/datetime_names.h"
#include "expression/datetime_pattern.h"

namespace spillway::expression {
namespace {

// What was read, by the letter's meaning; a field that two letters read differently is refused.
struct Fields {
  enum Name : uint8_t {
    kYear,
    kYearOfEra,
    kEra,
    kMonth,
    kDay,
    kDayOfYear,
    kHalfDay,
    kClockHourOfHalfDay,
    kHour,
    kClockHour,
    kHourOfHalfDay,
    kMinute,
    kSecond,
    kMicros,
    kCount
  };
  std::array<std::optional<int64_t>, kCount> values;
  std::optional<TimeZone> zone;

  bool Set(Name name, int64_t value) {
    std::optional<int64_t>& slot = values[name];
    if (slot && *slot != value) return false;
    slot = value;
    return true;
  }
  int64_t Get(Name name, int64_t otherwise) const { return values[name].value_or(otherwise); }
  bool Has(Name name) const { return values[name].has_value(); }
};

struct NumberShape {
  int least;
  int most;
  bool sign = false;  // a minus may stand before it
  bool pads = false;  // a plus must, where it has more than `least` digits
};

NumberShape ShapeOf(const PatternElement& element) {
  const bool year = element.letter == 'u' || element.letter == 'y';
  if (year && element.count == 2) return {2, 2};
  if (year) return {element.count, 19, true, element.count >= 4};
  if (element.letter == 'D')
    return {element.count, element.count == 1 ? 19 : 3, element.count == 1};
  if (element.count == 1) return {1, 19, true};
  return {2, 2};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  Reader(std::string_view text, Fields* fields, ZoneDatabase* zones)
      : text_(text), fields_(fields), zones_(zones) {}

  bool Sequence(const std::vector<PatternElement>& elements) {
    for (const PatternElement& element : elements) {
      if (element.kind == PatternElement::Kind::kOptional) {
        Optional(element.inner);
      } else if (element.kind == PatternElement::Kind::kLiteral) {
        if (!Literal(element.text)) return false;
      } else if (!Field(element)) {
        return false;
      }
    }
    return true;
  }

  bool AtEnd() const { return at_ == text_.size(); }

 private:
  void Optional(const std::vector<PatternElement>& elements) {
    const size_t at = at_;
    const Fields fields = *fields_;
    if (Sequence(elements)) return;
    at_ = at;
    *fields_ = fields;
  }

  bool Literal(std::string_view literal) {
    if (!arrow::internal::AsciiEqualsCaseInsensitive(text_.substr(at_, literal.size()), literal)) {
      return false;
    }
    at_ += literal.size();
    return true;
  }

  bool Field(const PatternElement& element) {
    switch (element.letter) {
      case 'G':
        return Name(element.count < 4 ? std::span(kShortEraNames) : std::span(kEraNames), 0,
                    Fields::kEra);
      case 'a':
        return Name(std::span(kHalfDayNames), 0, Fields::kHalfDay);
      case 'M':
      case 'L':
        if (element.count <= 2) return Number(element, Fields::kMonth);
        return Name(element.count == 3 ? std::span(kShortMonthNames) : std::span(kMonthNames), 1,
                    Fields::kMonth);
      case 'u':
        return Number(element, Fields::kYear);
      case 'y':
        return Number(element, Fields::kYearOfEra);
      case 'd':
        return Number(element, Fields::kDay);
      case 'D':
        return Number(element, Fields::kDayOfYear);
      case 'h':
        return Number(element, Fields::kClockHourOfHalfDay);
      case 'H':
        return Number(element, Fields::kHour);
      case 'k':
        return Number(element, Fields::kClockHour);
      case 'K':
        return Number(element, Fields::kHourOfHalfDay);
      case 'm':
        return Number(element, Fields::kMinute);
      case 's':
        return Number(element, Fields::kSecond);
      case 'S':
        return Fraction(element.count);
      case 'V':
        return ZoneId();
      case 'z':
        return ZoneName() || ZoneId();
      default:
        return Offset(element);
    }
  }

  template <size_t extent>
  bool Name(std::span<const std::string_view, extent> names, int64_t first, Fields::Name field) {
    size_t longest = 0;
    int64_t value = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string_view name = names[i];
      if (name.size() <= longest) continue;
      if (!arrow::internal::AsciiEqualsCaseInsensitive(text_.substr(at_, name.size()), name)) {
        continue;
      }
      longest = name.size();
      value = first + static_cast<int64_t>(i);
    }
    at_ += longest;
    return longest > 0 && fields_->Set(field, value);
  }

  bool Number(const PatternElement& element, Fields::Name field) {
    const NumberShape shape = ShapeOf(element);
    const bool plus = text_.substr(at_).starts_with('+');
    const bool minus = text_.substr(at_).starts_with('-');
    if ((minus && !shape.sign) || (plus && !shape.pads)) return false;
    const size_t begin = at_ + (plus || minus ? 1 : 0);
    size_t end = begin;
    while (end < text_.size() && IsDigit(text_[end])) ++end;

    const auto following = static_cast<size_t>(std::max(element.following_digits, 0));
    const size_t most = static_cast<size_t>(shape.most) + following;
    size_t length = std::min(end - begin, most);
    const auto least = static_cast<size_t>(shape.least);
    if (length < least) return false;
    if (following > 0) length = std::max(least, length > following ? length - following : 0);
    if (shape.pads && !minus && plus != (length > least)) return false;

    int64_t value = 0;
    for (size_t i = begin; i < begin + length; ++i) {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text_[i] - '0', &value)) {
        return false;
      }
    }
    if (minus && value == 0) return false;
    at_ = begin + length;
    const bool two_digit_year =
        element.count == 2 && (field == Fields::kYear || field == Fields::kYearOfEra);
    return fields_->Set(field, minus ? -value : two_digit_year ? value + 2000 : value);
  }

  // One digit or more, up to the letters' count; what is finer than a microsecond is cut off.
  bool Fraction(int most) {
    int64_t nanos = 0;
    int64_t place = 100'000'000;
    int digits = 0;
    for (; digits < most && at_ < text_.size() && IsDigit(text_[at_]); ++digits, ++at_) {
      nanos += (text_[at_] - '0') * place;
      place /= 10;
    }
    return digits > 0 && fields_->Set(Fields::kMicros, nanos / 1000);
  }

  // The names that Java knows for zones of the United States; other regions by their ids.
  bool ZoneName() {
    constexpr std::pair<std::string_view, std::string_view> kNames[] = {
        {"EST", "America/New_York"},    {"EDT", "America/New_York"},   {"CST", "America/Chicago"},
        {"CDT", "America/Chicago"},     {"MST", "America/Denver"},     {"MDT", "America/Denver"},
        {"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"}};
    const std::string_view word = text_.substr(at_, 3);
    for (const auto& [name, id] : kNames) {
      if (!arrow::internal::AsciiEqualsCaseInsensitive(word, name)) continue;
      fields_->zone = TimeZone::Parse(id, zones_);
      at_ += name.size();
      return fields_->zone.has_value();
    }
    return false;
  }

  bool ZoneId() {
    size_t end = at_;
    const auto part = [](char c) {
      return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             std::string_view("/_+-:").find(c) != std::string_view::npos;
    };
    while (end < text_.size() && part(text_[end])) ++end;
    for (; end > at_; --end) {  // the longest id that there is
      const auto zone = TimeZone::Parse(text_.substr(at_, end - at_), zones_);
      if (!zone) continue;
      fields_->zone = zone;
      at_ = end;
      return true;
    }
    return false;
  }

  // Two digits below 60 (or the hours' 18) at the front, or -1.
  int TwoDigits() {
    if (at_ + 2 > text_.size() || !IsDigit(text_[at_]) || !IsDigit(text_[at_ + 1])) return -1;
    const int value = (text_[at_] - '0') * 10 + (text_[at_ + 1] - '0');
    at_ += 2;
    return value;
  }

  // X, x and Z: +hh, then minutes and seconds with colons or without, as the count says.
  bool Offset(const PatternElement& element) {
    const int count = element.letter == 'Z' ? (element.count == 5 ? 5 : 2) : element.count;
    const bool zulu = element.letter == 'X' || (element.letter == 'Z' && element.count == 5);
    if (zulu && at_ < text_.size() && (text_[at_] == 'Z' || text_[at_] == 'z')) {
      ++at_;
      fields_->zone = TimeZone::Utc();
      return true;
    }
    const size_t begin = at_;
    if (at_ >= text_.size() || (text_[at_] != '+' && text_[at_] != '-')) return false;
    ++at_;
    const bool colons = count == 3 || count == 5;
    if (TwoDigits() < 0) return false;
    const bool minutes = OffsetPart(colons);
    if (!minutes && count > 1) return false;
    if (minutes && count >= 4) OffsetPart(colons);
    fields_->zone = TimeZone::Parse(text_.substr(begin, at_ - begin), zones_);
    return fields_->zone.has_value();
  }

  bool OffsetPart(bool colon) {
    const size_t begin = at_;
    if (colon && !text_.substr(at_).starts_with(':')) return false;
    if (colon) ++at_;
    if (TwoDigits() >= 0) return true;
    at_ = begin;
    return false;
  }

  std::string_view text_;
  Fields* fields_;
  ZoneDatabase* zones_;
  size_t at_ = 0;
};

bool InRange(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

std::optional<int64_t> ResolveYear(const Fields& fields) {
  std::optional<int64_t> year = fields.values[Fields::kYear];
  if (!fields.Has(Fields::kYearOfEra)) return year.value_or(1970);
  const int64_t of_era = *fields.values[Fields::kYearOfEra];
  if (of_era < 1) return std::nullopt;
  // Without an era the year of the era means nothing in the strict style.
  if (!fields.Has(Fields::kEra)) return year.value_or(1970);
  return *fields.values[Fields::kEra] == 1 ? of_era : 1 - of_era;
}

std::optional<int64_t> ResolveDays(const Fields& fields) {
  const std::optional<int64_t> year = ResolveYear(fields);
  if (!year || !InRange(*year, -999'999'999, 999'999'999)) return std::nullopt;
  const int64_t month = fields.Get(Fields::kMonth, 1);
  const int64_t day = fields.Get(Fields::kDay, 1);
  if (!InRange(month, 1, 12) || !InRange(day, 1, 31)) return std::nullopt;
  CivilDate date{*year, static_cast<int>(month), static_cast<int>(day)};
  if (const auto& of_year = fields.values[Fields::kDayOfYear]) {
    if (!InRange(*of_year, 1, IsLeapYear(*year) ? 366 : 365)) return std::nullopt;
    const CivilDate found = ToCivil(ToDays({*year, 1, 1}) + *of_year - 1);
    if (fields.Has(Fields::kMonth) && found.month != date.month) return std::nullopt;
    if (fields.Has(Fields::kDay) && found.day != date.day) return std::nullopt;
    date = found;
  }
  if (!IsDate(date)) return std::nullopt;
  return ToDays(date);
}

// The hour of the day, from whichever letters gave it.
std::optional<int64_t> ResolveHour(const Fields& fields) {
  std::optional<int64_t> of_half = fields.values[Fields::kHourOfHalfDay];
  if (const auto& clock = fields.values[Fields::kClockHourOfHalfDay]) {
    if (!InRange(*clock, 1, 12) || (of_half && *of_half != *clock % 12)) return std::nullopt;
    of_half = *clock % 12;
  }
  if (of_half && !InRange(*of_half, 0, 11)) return std::nullopt;
  std::optional<int64_t> hour = fields.values[Fields::kHour];
  if (const auto& clock = fields.values[Fields::kClockHour]) {
    if (!InRange(*clock, 1, 24) || (hour && *hour != *clock % 24)) return std::nullopt;
    hour = *clock % 24;
  }
  const std::optional<int64_t> half = fields.values[Fields::kHalfDay];
  if (hour) {
    if (of_half && *of_half != *hour % 12) return std::nullopt;
    if (half && *half != *hour / 12) return std::nullopt;
    return hour;
  }
  return of_half.value_or(0) + 12 * half.value_or(0);
}

std::optional<int64_t> Resolve(const Fields& fields) {
  const std::optional<int64_t> days = ResolveDays(fields);
  const std::optional<int64_t> hour = ResolveHour(fields);
  const int64_t minute = fields.Get(Fields::kMinute, 0);
  const int64_t second = fields.Get(Fields::kSecond, 0);
  if (!days || !hour || !InRange(*hour, 0, 23) || !InRange(minute, 0, 59) ||
      !InRange(second, 0, 59)) {
    return std::nullopt;
  }
  const int64_t local = *days * kSecondsPerDay + *hour * 3600 + minute * 60 + second;
  return ToMicros(fields.zone ? fields.zone->ToUtcSeconds(local) : local,
                  fields.Get(Fields::kMicros, 0));
}

}  // namespace

std::optional<int64_t> DatetimePattern::Parse(std::string_view text, ZoneDatabase* zones) const {
  Fields fields;
  Reader reader(text, &fields, zones);
  if (!reader.Sequence(elements_) || !reader.AtEnd()) return std::nullopt;
  return Resolve(fields);
}

}  // namespace spillway::expression
