#include "cli/wrapped_text.h"

#include <algorithm>

namespace spillway::cli {
namespace {

constexpr int kNarrowestText = 24;  // a column of less is not worth reading

std::string Blanks(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

std::string WrappedLine(std::string_view line, int columns, int indent) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "\n";
  const std::string lead = Blanks(indent + static_cast<int>(begin));
  std::string text;
  std::string current = lead;
  bool has_words = false;
  for (size_t at = begin; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, end - at);
    at = std::min(line.find_first_not_of(' ', end), line.size());
    if (has_words && Width(current) + 1 + Width(word) > columns) {
      text += current + "\n";
      current = lead;
      has_words = false;
    }
    if (has_words) current += ' ';
    current += word;
    has_words = true;
  }
  return text + current + "\n";
}

}  // namespace

int Width(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Wrapped(std::string_view text, int columns, int indent) {
  std::string wrapped;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    wrapped += WrappedLine(text.substr(at, end - at), columns, indent);
    at = end + 1;
  }
  return wrapped;
}

std::string TermAndText(std::string_view term, std::string_view text, int columns,
                        int text_column) {
  constexpr int kIndent = 2;
  if (columns - text_column < kNarrowestText) {
    return Wrapped(term, columns, kIndent) + Wrapped(text, columns, 3 * kIndent);
  }
  const std::string lines = Wrapped(text, columns, text_column);
  if (lines.empty()) return Wrapped(term, columns, kIndent);
  if (kIndent + Width(term) + kIndent > text_column) {
    return Wrapped(term, columns, kIndent) + lines;
  }
  std::string line = Blanks(kIndent) + std::string(term);
  line += Blanks(text_column - Width(line));
  return line + lines.substr(static_cast<size_t>(text_column));
}

}  // namespace spillway::cli
