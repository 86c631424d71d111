#include "expression/utf8.h"

namespace spillway::expression::utf8 {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

char32_t Decode(std::string_view text, size_t* offset) {
  const size_t begin = *offset;
  const size_t width = Width(text[begin]);
  const auto lead = static_cast<unsigned char>(text[begin]);
  *offset = Next(text, begin);
  if (width == 1) return lead < 0x80 ? lead : kReplacement;
  if (begin + width > text.size()) return kReplacement;
  auto code_point = static_cast<char32_t>(lead & (0x7F >> width));
  for (size_t i = 1; i < width; ++i) {
    if (!IsContinuation(text[begin + i])) return kReplacement;
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[begin + i]) & 0x3F);
  }
  return code_point;
}

void Append(char32_t code_point, std::string* text) {
  const auto put = [text](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

}  // namespace spillway::expression::utf8
