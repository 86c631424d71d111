// The value's characters other than white space stand in the document in the same order, with only
// white space, line breaks and the quoting's own characters in between. So one walk over both texts
// finds every place; a new anchor is set wherever the two stop moving in step.
#include "spec/scalar_places.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "spec/utf8.h"

namespace spillway::spec {
namespace {

enum class Style { kPlain, kSingleQuoted, kDoubleQuoted, kBlock };

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// A place in the document that moves to the right and knows its line and column.
class Cursor {
 public:
  Cursor(std::string_view document, size_t position, int line, int column)
      : document_(document), position_(position), line_(line), column_(column) {}

  bool at_end() const { return position_ >= document_.size(); }
  char current() const { return at_end() ? '\0' : document_[position_]; }
  char next() const { return position_ + 1 < document_.size() ? document_[position_ + 1] : '\0'; }
  std::string_view rest() const { return document_.substr(position_); }
  int line() const { return line_; }
  int column() const { return column_; }

  void Move(size_t bytes = 1) {
    for (; bytes > 0 && !at_end(); --bytes) {
      const char c = document_[position_++];
      if (c == '\n') {
        ++line_;
        column_ = 1;
      } else if (at_end() || BeginsCharacter(document_[position_])) {
        ++column_;
      }
    }
  }
  void SkipSpace() {
    while (!at_end() && IsSpace(current())) Move();
  }
  void SkipWord() {
    while (!at_end() && !IsSpace(current())) Move();
  }
  void SkipLine() {
    while (!at_end() && current() != '\n') Move();
    Move();
  }

 private:
  std::string_view document_;
  size_t position_;
  int line_;
  int column_;
};

// Moves over anchors (&name), tags (!name) and what is before a scalar's first character.
Style SkipToValue(Cursor& cursor) {
  while (cursor.current() == '&' || cursor.current() == '!') {
    cursor.SkipWord();
    cursor.SkipSpace();
    while (cursor.current() == '#') {
      cursor.SkipLine();
      cursor.SkipSpace();
    }
  }
  switch (cursor.current()) {
    case '\'':
      cursor.Move();
      return Style::kSingleQuoted;
    case '"':
      cursor.Move();
      return Style::kDoubleQuoted;
    case '|':
    case '>':
      cursor.SkipLine();
      return Style::kBlock;
    default:
      return Style::kPlain;
  }
}

std::string EncodeUtf8(uint32_t code) {
  const auto byte = [](uint32_t bits) { return static_cast<char>(bits); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
  if (code < 0x10000) {
    return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
  }
  return {byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F)),
          byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
}

struct Escape {
  size_t length = 2;  // in the document
  std::string value;
};

// The escape sequence at the start of `text`, which begins with a backslash.
std::optional<Escape> ReadEscape(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto code_point = [text](size_t digits) -> std::optional<Escape> {
    if (text.size() < 2 + digits) return std::nullopt;
    uint32_t code = 0;
    const char* end = text.data() + 2 + digits;
    const auto parsed = std::from_chars(text.data() + 2, end, code, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return Escape{2 + digits, EncodeUtf8(code)};
  };
  switch (text[1]) {
    case '0':
      return Escape{2, std::string(1, '\0')};
    case 'a':
      return Escape{2, "\a"};
    case 'b':
      return Escape{2, "\b"};
    case 't':
      return Escape{2, "\t"};
    case 'n':
      return Escape{2, "\n"};
    case 'v':
      return Escape{2, "\v"};
    case 'f':
      return Escape{2, "\f"};
    case 'r':
      return Escape{2, "\r"};
    case 'e':
      return Escape{2, "\x1b"};
    case 'N':
      return Escape{2, EncodeUtf8(0x85)};
    case '_':
      return Escape{2, EncodeUtf8(0xA0)};
    case 'L':
      return Escape{2, EncodeUtf8(0x2028)};
    case 'P':
      return Escape{2, EncodeUtf8(0x2029)};
    case 'x':
      return code_point(2);
    case 'u':
      return code_point(4);
    case 'U':
      return code_point(8);
    default:
      return Escape{2, std::string(1, text[1])};
  }
}

// How much of the value one step has matched, and how much of the document that took.
struct Step {
  size_t value_bytes = 0;
  size_t document_bytes = 0;
};

// What stands at the cursor, compared with `value`, the rest of the value; no step where they
// differ.
std::optional<Step> Match(const Cursor& cursor, std::string_view value, Style style) {
  const char c = cursor.current();
  if (style == Style::kDoubleQuoted && c == '\\') {
    const std::optional<Escape> escape = ReadEscape(cursor.rest());
    if (!escape || !value.starts_with(escape->value)) return std::nullopt;
    return Step{escape->value.size(), escape->length};
  }
  if (c != value.front()) return std::nullopt;
  if (style == Style::kSingleQuoted && c == '\'') {
    return cursor.next() == '\'' ? std::optional(Step{1, 2}) : std::nullopt;
  }
  if (style == Style::kDoubleQuoted && c == '"') return std::nullopt;
  return Step{1, 1};
}

void SkipFolding(Cursor& cursor, Style style) {
  cursor.SkipSpace();
  while (style == Style::kDoubleQuoted && cursor.current() == '\\' && cursor.next() == '\n') {
    cursor.Move(2);
    cursor.SkipSpace();
  }
}

}  // namespace

ScalarPlaces FindScalarPlaces(std::string_view document, size_t begin, int line, int column,
                              std::string_view value) {
  ScalarPlaces places;
  Cursor cursor(document, begin, line, column);
  const Style style = SkipToValue(cursor);
  bool in_step = false;  // the last anchor also serves the next character
  bool matched = true;
  for (size_t i = 0; i < value.size();) {
    // White space of the value that is white space in the document too keeps its place.
    const bool same_space = IsSpace(value[i]) && value[i] != '\n' && cursor.current() == value[i];
    if (!same_space || places.anchors.empty()) {
      const int line_before = cursor.line();
      const int column_before = cursor.column();
      SkipFolding(cursor, style);
      if (cursor.line() != line_before || cursor.column() != column_before) in_step = false;
    }
    const std::optional<Step> step =
        cursor.at_end() ? std::nullopt : Match(cursor, value.substr(i), style);
    matched = step || IsSpace(value[i]);
    if (!matched) break;
    if (!step) {  // white space that folding made
      in_step = false;
      ++i;
      continue;
    }
    if (!in_step || places.anchors.empty()) {
      // White space that the value begins with counts as standing at its first character.
      if (i > 0 && places.anchors.empty()) {
        places.anchors.push_back({0, cursor.line(), cursor.column(), true});
      }
      places.anchors.push_back({i, cursor.line(), cursor.column(), false});
    }
    in_step = step->value_bytes == step->document_bytes;
    cursor.Move(step->document_bytes);
    i += step->value_bytes;
  }
  SkipFolding(cursor, style);
  if (places.anchors.empty()) places.anchors.push_back({0, line, column, false});
  if (matched && style == Style::kSingleQuoted) places.closed = cursor.current() == '\'';
  if (matched && style == Style::kDoubleQuoted) places.closed = cursor.current() == '"';
  return places;
}

}  // namespace spillway::spec
