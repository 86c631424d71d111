#include <cstdlib>

#include "expression/calendar.h"
#include "expression/datetime_names.h"
#include "expression/datetime_pattern.h"

namespace spillway::expression {
namespace {

// The number with zeros up to `width` digits.
void PutNumber(int64_t value, int width, std::string* out) {
  if (value < 0) out->push_back('-');
  char digits[32];
  char* const end = digits + sizeof(digits);
  char* at = end;
  for (int64_t rest = std::llabs(value); rest > 0; rest /= 10) {
    *--at = static_cast<char>('0' + rest % 10);
  }
  while (end - at < width) *--at = '0';
  out->append(at, end);
}

// yy is the last two digits; from four letters on a year that needs more gets a plus.
void PutYear(int64_t year, int count, std::string* out) {
  if (count == 2) {
    PutNumber(std::llabs(year) % 100, 2, out);
    return;
  }
  int64_t limit = 1;
  for (int i = 0; i < count; ++i) limit *= 10;
  if (count >= 4 && year >= limit) out->push_back('+');
  PutNumber(year, count, out);
}

void PutFraction(int micros, int count, std::string* out) {
  char digits[10];
  int rest = micros;
  for (int i = 5; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  digits[6] = digits[7] = digits[8] = '0';
  out->append(digits, static_cast<size_t>(count));
}

std::string_view OffsetText(char letter, int count) {
  if (letter == 'X') return "Z";
  if (letter == 'Z') return count < 4 ? "+0000" : count == 4 ? "GMT" : "Z";
  if (count == 1) return "+00";
  return count == 3 || count == 5 ? "+00:00" : "+0000";
}

// Numbers of one or two letters, names of three and four.
void PutNamed(int number, int count, std::string_view short_name, std::string_view name,
              std::string* out) {
  if (count <= 2) {
    PutNumber(number, count, out);
  } else {
    out->append(count == 3 ? short_name : name);
  }
}

void PutQuarter(const CivilDate& date, int count, std::string* out) {
  const int quarter = (date.month - 1) / 3 + 1;
  const char short_name[2] = {'Q', static_cast<char>('0' + quarter)};
  PutNamed(quarter, count, {short_name, 2}, kQuarterNames[static_cast<size_t>(quarter - 1)], out);
}

void PutDateField(const PatternElement& field, const CivilDate& date, std::string* out) {
  switch (field.letter) {
    case 'u':
      return PutYear(date.year, field.count, out);
    case 'y':
      return PutYear(date.year > 0 ? date.year : 1 - date.year, field.count, out);
    case 'G': {
      const size_t era = date.year > 0 ? 1 : 0;
      out->append(field.count < 4 ? kShortEraNames[era] : kEraNames[era]);
      return;
    }
    case 'M':
    case 'L': {
      const auto month = static_cast<size_t>(date.month - 1);
      return PutNamed(date.month, field.count, kShortMonthNames[month], kMonthNames[month], out);
    }
    case 'd':
      return PutNumber(date.day, field.count, out);
    case 'D':
      return PutNumber(DayOfYear(date), field.count, out);
    case 'g':  // the modified Julian day
      return PutNumber(ToDays(date) + 40587, field.count, out);
    case 'F':
      return PutNumber((date.day - 1) % 7 + 1, 1, out);
    case 'E': {
      const std::string_view name = kDayNames[static_cast<size_t>(DayOfWeek(ToDays(date)) - 1)];
      out->append(field.count < 4 ? name.substr(0, 3) : name);
      return;
    }
    default:
      return PutQuarter(date, field.count, out);
  }
}

void PutField(const PatternElement& field, const CivilTime& time, std::string* out) {
  switch (field.letter) {
    case 'a':
      out->append(kHalfDayNames[time.hour < 12 ? 0 : 1]);
      return;
    case 'h':
      return PutNumber((time.hour + 11) % 12 + 1, field.count, out);
    case 'H':
      return PutNumber(time.hour, field.count, out);
    case 'k':
      return PutNumber(time.hour == 0 ? 24 : time.hour, field.count, out);
    case 'K':
      return PutNumber(time.hour % 12, field.count, out);
    case 'm':
      return PutNumber(time.minute, field.count, out);
    case 's':
      return PutNumber(time.second, field.count, out);
    case 'S':
      return PutFraction(time.micros, field.count, out);
    case 'V':
      out->append("UTC");
      return;
    case 'v':
    case 'z':
      out->append(field.count < 4 ? "UTC" : "Coordinated Universal Time");
      return;
    case 'O':
      out->append("GMT");
      return;
    case 'X':
    case 'x':
    case 'Z':
      out->append(OffsetText(field.letter, field.count));
      return;
    default:
      return PutDateField(field, time.date, out);
  }
}

void PutAll(const std::vector<PatternElement>& elements, const CivilTime& time, std::string* out) {
  for (const PatternElement& element : elements) {
    switch (element.kind) {
      case PatternElement::Kind::kLiteral:
        out->append(element.text);
        break;
      case PatternElement::Kind::kField:
        PutField(element, time, out);
        break;
      case PatternElement::Kind::kOptional:
        PutAll(element.inner, time, out);
        break;
    }
  }
}

}  // namespace

void DatetimePattern::Format(int64_t micros, std::string* out) const {
  PutAll(elements_, ToCivilTime(micros), out);
}

}  // namespace spillway::expression
