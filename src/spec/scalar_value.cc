#include "spec/scalar_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/units.h"

namespace spillway::spec {
namespace {

constexpr size_t kMostDigits = 15;
constexpr size_t kMostFractionDigits = 9;
constexpr size_t kLongestNameBytes = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Takes digits from the front of `text` and returns how many.
size_t TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Takes exactly `digits` digits; their value, or none.
std::optional<int> TakeNumber(std::string_view& text, size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

// [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ | the floats of YAML 1.2, .inf and .nan too.
bool IsYamlNumber(std::string_view text) {
  if (text.starts_with("0o") && text.size() > 2) {
    return text.substr(2).find_first_not_of("01234567") == std::string_view::npos;
  }
  if (text.starts_with("0x") && text.size() > 2) {
    return text.substr(2).find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  if (IsOneOf(text, {".nan", ".NaN", ".NAN"})) return true;
  if (!Take(text, '-')) Take(text, '+');
  if (IsOneOf(text, {".inf", ".Inf", ".INF"})) return true;
  const size_t whole = TakeDigits(text);
  const size_t fraction = Take(text, '.') ? TakeDigits(text) : 0;
  if (whole + fraction == 0) return false;
  if (Take(text, 'e') || Take(text, 'E')) {
    if (!Take(text, '-')) Take(text, '+');
    if (TakeDigits(text) == 0) return false;
  }
  return text.empty();
}

// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?: what YAML, JSON and Spark SQL all read alike.
bool IsPlainNumber(std::string_view text) {
  Take(text, '-');
  const bool zero_first = text.starts_with('0');
  const size_t whole = TakeDigits(text);
  if (whole == 0 || (zero_first && whole > 1)) return false;
  if (Take(text, '.') && TakeDigits(text) == 0) return false;
  if (Take(text, 'e') || Take(text, 'E')) {
    if (!Take(text, '-')) Take(text, '+');
    if (TakeDigits(text) == 0) return false;
  }
  return text.empty();
}

std::string WithoutUnderscores(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  return digits;
}

}  // namespace

PlainKind KindOfPlain(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return PlainKind::kNull;
  if (IsOneOf(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
    return PlainKind::kBoolean;
  }
  return IsYamlNumber(text) ? PlainKind::kNumber : PlainKind::kText;
}

bool IsOldBoolean(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return IsOneOf(lower, {"yes", "no", "on", "off", "y", "n"});
}

bool IsGroupedInteger(std::string_view text) {
  if (text.starts_with('0')) return false;
  const size_t first = TakeDigits(text);
  if (first < 1 || first > 3) return false;
  size_t groups = 0;
  for (; Take(text, '_'); ++groups) {
    if (TakeDigits(text) != 3) return false;
  }
  return text.empty() && groups >= 1 && groups <= 4;
}

std::optional<int64_t> ReadInteger(std::string_view text) {
  std::string digits(text);
  if (IsGroupedInteger(text)) digits = WithoutUnderscores(text);
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return std::nullopt;
  int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

bool IsByteSize(std::string_view text) {
  if (IsGroupedInteger(text)) return true;
  const size_t whole = TakeDigits(text);
  if (whole < 1 || whole > kMostDigits) return false;
  if (text.empty()) return true;
  if (Take(text, '.')) {
    const size_t fraction = TakeDigits(text);
    if (fraction < 1 || fraction > kMostFractionDigits) return false;
  }
  Take(text, ' ');
  return IsOneOf(
      text, {"B", "K", "KiB", "kB", "KB", "M", "MiB", "MB", "G", "GiB", "GB", "T", "TiB", "TB"});
}

std::optional<std::string> ReadTimestamp(std::string_view text) {
  const auto year = TakeNumber(text, 4);
  if (!year || !Take(text, '-')) return std::nullopt;
  const auto month = TakeNumber(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const auto day = TakeNumber(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::string date_text = fmt::format("{:04}-{:02}-{:02}", *year, *month, *day);
  if (text.empty()) return date_text + "T00:00:00Z";

  if (!Take(text, 'T') && !Take(text, ' ')) return std::nullopt;
  const auto hour = TakeNumber(text, 2);
  if (!hour || *hour > 23 || !Take(text, ':')) return std::nullopt;
  const auto minute = TakeNumber(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::optional<int> second = 0;
  std::string fraction;
  if (Take(text, ':')) {
    second = TakeNumber(text, 2);
    if (!second || *second > 59) return std::nullopt;
    if (text.starts_with('.')) {
      std::string_view rest = text.substr(1);
      const size_t digits = TakeDigits(rest);
      if (digits < 1 || digits > 6) return std::nullopt;
      fraction = text.substr(0, digits + 1);
      text = rest;
    }
  }
  const std::string zone(text.empty() ? "Z" : text);
  if (Take(text, '+') || Take(text, '-')) {
    const auto zone_hour = TakeNumber(text, 2);
    if (!zone_hour || *zone_hour > 18 || !Take(text, ':')) return std::nullopt;
    const auto zone_minute = TakeNumber(text, 2);
    if (!zone_minute || *zone_minute > 59) return std::nullopt;
  } else {
    Take(text, 'Z');
  }
  if (!text.empty()) return std::nullopt;
  return fmt::format("{}T{:02}:{:02}:{:02}{}{}", date_text, *hour, *minute, *second, fraction,
                     zone);
}

std::optional<Compression> ReadCompression(std::string_view text) {
  using Codec = Compression::Codec;
  constexpr std::array<std::pair<std::string_view, Codec>, 5> kCodecs = {{
      {"keep", Codec::kKeep},
      {"snappy", Codec::kSnappy},
      {"zstd", Codec::kZstd},
      {"lz4", Codec::kLz4},
      {"none", Codec::kNone},
  }};
  for (const auto& [name, codec] : kCodecs) {
    if (name == text) return Compression{codec, std::nullopt};
  }
  if (!text.starts_with("zstd(") || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(5);
  text.remove_suffix(1);
  if (text.size() > 2) return std::nullopt;
  const std::optional<int64_t> level = ReadInteger(text);
  if (!level || *level < 1 || *level > 22) return std::nullopt;
  return Compression{Codec::kZstd, static_cast<int>(*level)};
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kLongestNameBytes) return false;
  if (!IsLetter(text[0]) && !IsDigit(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == '-'; });
}

std::optional<Variable> ReadPlainVariable(std::string_view text) {
  if (text == "true" || text == "false") {
    return Variable{Variable::Kind::kBoolean, std::string(text)};
  }
  if (IsPlainNumber(text)) return Variable{Variable::Kind::kNumber, std::string(text)};
  if (IsGroupedInteger(text)) return Variable{Variable::Kind::kNumber, WithoutUnderscores(text)};
  if (IsOldBoolean(text) || KindOfPlain(text) != PlainKind::kText) return std::nullopt;
  return Variable{Variable::Kind::kString, std::string(text)};
}

}  // namespace spillway::spec
