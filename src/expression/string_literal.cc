#include "expression/string_literal.h"

#include <charconv>
#include <optional>

#include "expression/utf8.h"

namespace spillway::expression {
namespace {

// Reads exactly `count` digits of `base` at the start of `text`.
std::optional<char32_t> Digits(std::string_view text, size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value, base);
  if (error != std::errc{} || end != text.data() + count) return std::nullopt;
  return value;
}

bool IsCodePoint(char32_t value) { return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF); }

char SimpleEscape(char letter) {
  switch (letter) {
    case '0':
      return '\0';
    case 'b':
      return '\b';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'Z':
      return '\x1A';
    default:
      return letter;
  }
}

// A \u escape, or two that are the halves of one character; the bytes used, 0 if it is none.
size_t UnescapeUtf16(std::string_view rest, std::string* value) {
  if (!rest.starts_with('u')) return 0;
  const std::optional<char32_t> high = Digits(rest.substr(1), 4, 16);
  if (!high) return 0;
  if (*high >= 0xD800 && *high < 0xDC00 && rest.substr(5).starts_with("\\u")) {
    const std::optional<char32_t> low = Digits(rest.substr(7), 4, 16);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      utf8::Append(0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00), value);
      return 11;
    }
  }
  utf8::Append(IsCodePoint(*high) ? *high : U'?', value);
  return 5;
}

// Appends what the escape `rest` (behind its backslash) stands for; returns the bytes used.
size_t Unescape(std::string_view rest, std::string* value) {
  if (const size_t used = UnescapeUtf16(rest, value); used != 0) return used;
  if (rest[0] == 'U') {
    if (const auto code = Digits(rest.substr(1), 8, 16); code && IsCodePoint(*code)) {
      utf8::Append(*code, value);
      return 9;
    }
  }
  if (rest[0] == '0' || rest[0] == '1') {
    if (const auto code = Digits(rest, 3, 8)) {
      utf8::Append(*code, value);
      return 3;
    }
  }
  if (rest[0] == '%' || rest[0] == '_') value->push_back('\\');
  value->push_back(SimpleEscape(rest[0]));
  return 1;
}

}  // namespace

std::string UnescapeString(std::string_view body, char quote) {
  std::string value;
  value.reserve(body.size());
  for (size_t at = 0; at < body.size();) {
    if (body[at] == '\\' && at + 1 < body.size()) {
      at += 1 + Unescape(body.substr(at + 1), &value);
    } else {
      value.push_back(body[at]);
      at += body[at] == quote ? 2 : 1;
    }
  }
  return value;
}

}  // namespace spillway::expression
