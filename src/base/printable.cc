#include "base/printable.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace spillway {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// Unicode's categories Cf, Zl and Zp, but for the signs that stand before numbers in Arabic,
// Syriac and Kaithi, which are seen.
constexpr Range kUnseen[] = {
    {0x00AD, 0x00AD},   {0x061C, 0x061C},   {0x180E, 0x180E},   {0x200B, 0x200F},
    {0x2028, 0x202E},   {0x2060, 0x206F},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},
    {0x13430, 0x1345F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

bool IsUnseen(uint32_t code_point) {
  return std::ranges::any_of(kUnseen, [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

bool IsControl(uint32_t code_point) {
  return (code_point < 0x20 && code_point != '\n' && code_point != '\t') ||
         (code_point >= 0x7F && code_point <= 0x9F);
}

struct Character {
  uint32_t code_point;
  size_t bytes;  // 0: no UTF-8 begins here
};

// The character that begins `text`, which is not empty.
Character FirstCharacter(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  if (lead < 0xC2 || lead > 0xF4 || bytes > text.size()) return {lead, 0};
  uint32_t code_point = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead, 0};
    code_point = code_point << 6 | (byte(i) & 0x3FU);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest[bytes] || code_point > 0x10FFFF || is_surrogate) return {lead, 0};
  return {code_point, bytes};
}

std::string InText(uint32_t code_point) {
  if (code_point <= 0xFF) return fmt::format("\\x{:02x}", code_point);
  return code_point <= 0xFFFF ? fmt::format("\\u{:04x}", code_point)
                              : fmt::format("\\U{:08x}", code_point);
}

std::string InJson(uint32_t code_point) {
  if (code_point <= 0xFFFF) return fmt::format("\\u{:04x}", code_point);
  const uint32_t beyond = code_point - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (beyond >> 10), 0xDC00 + (beyond & 0x3FF));
}

// `text` with `write` of all characters that are not to be printed.
std::string Rewrite(std::string_view text, std::string (*write)(uint32_t)) {
  std::string printable;
  printable.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character character = FirstCharacter(text.substr(at));
    const size_t bytes = std::max<size_t>(character.bytes, 1);
    const bool is_printed =
        character.bytes > 0 && !IsControl(character.code_point) && !IsUnseen(character.code_point);
    if (is_printed) {
      printable += text.substr(at, bytes);
    } else {
      printable += write(character.code_point);
    }
    at += bytes;
  }
  return printable;
}

}  // namespace

std::string Printable(std::string_view text) { return Rewrite(text, InText); }

std::string PrintableJson(std::string_view json) { return Rewrite(json, InJson); }

}  // namespace spillway
