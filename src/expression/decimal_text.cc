#include "expression/decimal_text.h"

#include <algorithm>
#include <charconv>

namespace spillway::expression {
namespace {

constexpr int kMaximumDigits = 38;
constexpr int64_t kLargestExponent = 1'000'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads "E+5" at the start of `text`; false if there is something else.
bool ParseExponent(std::string_view text, int64_t* exponent) {
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *exponent);
  return error == std::errc{} && end == text.data() + text.size() &&
         *exponent >= -kLargestExponent && *exponent <= kLargestExponent;
}

}  // namespace

std::optional<ParsedDecimal> ParseDecimal(std::string_view text) {
  ParsedDecimal parsed;
  if (text.starts_with('-') || text.starts_with('+')) {
    parsed.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  size_t at = 0;
  bool point = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!IsDigit(text[at])) break;
    any = true;
    if (point) ++parsed.scale;
    if (!parsed.digits.empty() || text[at] != '0') parsed.digits.push_back(text[at]);
  }
  int64_t exponent = 0;
  if (!any || !ParseExponent(text.substr(at), &exponent)) return std::nullopt;
  parsed.scale -= exponent;
  // Spark has no negative scales: the zeros are written out, where they can matter.
  if (parsed.scale < 0 && !parsed.digits.empty() && parsed.scale >= -kMaximumDigits) {
    parsed.digits.append(static_cast<size_t>(-parsed.scale), '0');
    parsed.scale = 0;
  }
  if (parsed.digits.empty() && parsed.scale < 0) parsed.scale = 0;
  const auto digits = static_cast<int64_t>(std::max<size_t>(parsed.digits.size(), 1));
  parsed.precision = static_cast<int>(std::min<int64_t>(
      std::max(digits, parsed.scale) + std::max<int64_t>(0, -parsed.scale), kLargestExponent));
  return parsed;
}

bool ToDecimal(const ParsedDecimal& parsed, int precision, int scale, Int128* out) {
  *out = 0;
  if (parsed.digits.empty()) return true;
  // The digits that stay in front of the new scale's end, and the one behind that rounds.
  const int64_t kept = static_cast<int64_t>(parsed.digits.size()) - parsed.scale + scale;
  if (kept > precision) return false;
  if (kept < 0) return true;
  Int128 value = 0;
  for (int64_t i = 0; i < kept; ++i) {
    const auto index = static_cast<size_t>(i);
    value = value * 10 + (index < parsed.digits.size() ? parsed.digits[index] - '0' : 0);
  }
  const auto next = static_cast<size_t>(kept);
  if (next < parsed.digits.size() && parsed.digits[next] >= '5') ++value;
  *out = parsed.negative ? -value : value;
  return FitsPrecision(*out, precision);
}

char* FormatDecimal(Int128 value, int scale, char* out) {
  char digits[48];
  int count = 0;
  UInt128 rest = value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  while (rest > 0xFFFFFFFFFFFFFFFFULL) {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  for (auto low = static_cast<uint64_t>(rest); low > 0; low /= 10) {
    digits[count++] = static_cast<char>('0' + static_cast<int>(low % 10));
  }
  while (count <= scale) digits[count++] = '0';
  if (value < 0) *out++ = '-';
  while (count > 0) {
    if (count == scale) *out++ = '.';
    *out++ = digits[--count];
  }
  return out;
}

std::string FormatDecimal(Int128 value, int scale) {
  char buffer[48];
  return std::string(buffer, FormatDecimal(value, scale, buffer));
}

}  // namespace spillway::expression
