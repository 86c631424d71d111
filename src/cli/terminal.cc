#include "cli/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace spillway::cli {
namespace {

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

int ColumnsOf(int file) {
  winsize size{};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

int StyleCode(Style style) {
  switch (style) {
    case Style::kRed:
      return 31;
    case Style::kYellow:
      return 33;
  }
  return 0;
}

}  // namespace

Terminal DetectTerminal() {
  const char* kind = std::getenv("TERM");
  const bool is_dumb = kind == nullptr || std::string_view(kind) == "dumb";
  Terminal terminal;
  terminal.interactive = isatty(STDERR_FILENO) == 1 && !is_dumb;
  terminal.color = terminal.interactive && !IsSet("NO_COLOR");
  terminal.columns = ColumnsOf(STDERR_FILENO);
  return terminal;
}

int TextColumns() {
  constexpr int kMostColumns = 100;  // longer lines are hard to read
  return std::min(ColumnsOf(STDOUT_FILENO), kMostColumns);
}

std::string Styled(const Terminal& terminal, Style style, std::string_view text) {
  if (!terminal.color) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", StyleCode(style), text);
}

std::string Fit(std::string_view text, int columns) {
  size_t end = 0;
  for (int column = 0; end < text.size() && column < columns; ++column) {
    do {
      ++end;
    } while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
  }
  return std::string(text.substr(0, end));
}

}  // namespace spillway::cli
