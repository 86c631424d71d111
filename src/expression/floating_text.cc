#include "expression/floating_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <arrow/util/string.h>

#include "expression/java_digits.h"

namespace spillway::expression {
namespace {

char* Put(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Java keeps at least one digit on each side of the point.
template <typename T>
char* Format(T value, char* out) {
  if (std::isnan(value)) return Put("NaN", out);
  if (std::signbit(value)) *out++ = '-';
  const T size = std::fabs(value);
  if (std::isinf(size)) return Put("Infinity", out);
  if (size == 0) return Put("0.0", out);

  const JavaDigits printed = DigitsOf(size);
  const int exponent = printed.exponent;
  const auto digit = [&](int i) { return i >= 0 && i < printed.count ? printed.digits[i] : '0'; };
  const int last = printed.count - 1;
  if (exponent >= -3 && exponent < 7) {
    if (exponent < 0) {
      *out++ = '0';
    } else {
      for (int i = 0; i <= exponent; ++i) *out++ = digit(i);
    }
    *out++ = '.';
    const int begin = exponent + 1;
    for (int i = begin; i <= std::max(last, begin); ++i) *out++ = digit(i);
    return out;
  }
  *out++ = digit(0);
  *out++ = '.';
  for (int i = 1; i <= std::max(last, 1); ++i) *out++ = digit(i);
  *out++ = 'E';
  return std::to_chars(out, out + 8, exponent).ptr;
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Digits that overflow are infinite and those that underflow zero, as in Java.
template <typename T>
std::optional<T> FromDigits(std::string_view text, std::chars_format format) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const std::string copy(text);
    const double wide = format == std::chars_format::hex
                            ? std::strtod(("0x" + copy).c_str(), nullptr)
                            : std::strtod(copy.c_str(), nullptr);
    return static_cast<T>(wide);
  }
  return value;
}

// Java's hexadecimal form wants the exponent p.
template <typename T>
std::optional<T> FromHexadecimal(std::string_view text) {
  if (text.find_first_of("pP") == std::string_view::npos) return std::nullopt;
  std::string digits(text);
  const size_t plus = digits.find_first_of("pP");
  if (plus + 1 < digits.size() && digits[plus + 1] == '+') digits.erase(plus + 1, 1);
  return FromDigits<T>(digits, std::chars_format::hex);
}

template <typename T>
std::optional<T> FromWord(std::string_view text, bool negative, bool has_sign) {
  const std::string word = arrow::internal::AsciiToLower(text);
  if (word == "nan" && !has_sign) return std::numeric_limits<T>::quiet_NaN();
  if (word == "inf" || word == "infinity") {
    const T infinity = std::numeric_limits<T>::infinity();
    return negative ? -infinity : infinity;
  }
  return std::nullopt;
}

template <typename T>
std::optional<T> Parse(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  const std::string_view whole = text;
  bool negative = false;
  if (text[0] == '-' || text[0] == '+') {
    negative = text[0] == '-';
    text.remove_prefix(1);
    if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
  }
  if (text.empty()) return std::nullopt;
  const bool number = (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
  if (!number) return FromWord<T>(text, whole[0] == '-', whole != text);
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (text.size() > 1 && std::string_view("dDfF").find(text.back()) != std::string_view::npos &&
      (!hexadecimal || text.find_first_of("pP") != std::string_view::npos)) {
    text.remove_suffix(1);
  }
  std::optional<T> value;
  if (hexadecimal) {
    value = FromHexadecimal<T>(text.substr(2));
  } else {
    value = FromDigits<T>(text, std::chars_format::general);
  }
  if (value && negative) value = -*value;
  return value;
}

}  // namespace

char* FormatDouble(double value, char* out) { return Format(value, out); }
char* FormatFloat(float value, char* out) { return Format(value, out); }

std::string FormatDouble(double value) {
  char buffer[40];
  return std::string(buffer, Format(value, buffer));
}

std::optional<double> ParseDouble(std::string_view text) { return Parse<double>(text); }
std::optional<float> ParseFloat(std::string_view text) { return Parse<float>(text); }

}  // namespace spillway::expression
