// UTF-8 by code points. Malformed bytes count as one code point each and never lead outside the
// text.
//
// Thread rule: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::expression::utf8 {

inline bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The bytes of the code point that starts with `lead`, as Spark counts them; 1 for a byte that
// starts none.
inline size_t Width(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0xC2) return 1;
  if (byte < 0xE0) return 2;
  if (byte < 0xF0) return 3;
  return byte < 0xF5 ? 4 : 1;
}

// The offset after the code point at `offset`, at most `text.size()`.
inline size_t Next(std::string_view text, size_t offset) {
  const size_t next = offset + Width(text[offset]);
  return next < text.size() ? next : text.size();
}

inline bool IsAscii(std::string_view text) {
  unsigned char bits = 0;
  for (const char c : text) bits = static_cast<unsigned char>(bits | static_cast<unsigned char>(c));
  return bits < 0x80;
}

// The number of code points.
inline int64_t Length(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at = Next(text, at)) ++count;
  return count;
}

// The code point at `offset`; 0xFFFD for malformed bytes. Advances `offset` behind it.
char32_t Decode(std::string_view text, size_t* offset);

void Append(char32_t code_point, std::string* text);

}  // namespace spillway::expression::utf8
