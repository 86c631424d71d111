#include "spec/sql_cursor.h"

namespace spillway::spec {
namespace {

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Whether the quote at `position` follows the r of a raw string, r'..' or R"..".
bool IsRawQuote(std::string_view text, size_t position) {
  if (position == 0 || (text[position - 1] != 'r' && text[position - 1] != 'R')) return false;
  return position == 1 || !IsWordCharacter(text[position - 2]);
}

}  // namespace

size_t SqlCursor::Step(std::string_view text, size_t position) {
  const char c = text[position];
  switch (region_) {
    case SqlRegion::kCode:
      return StepInCode(text, position);
    case SqlRegion::kString:
      if (c == '\\' && position + 1 < text.size()) return 2;
      [[fallthrough]];
    case SqlRegion::kRawString:
    case SqlRegion::kQuotedName:
      if (c == quote_) region_ = SqlRegion::kCode;
      return 1;
    case SqlRegion::kLineComment:
    case SqlRegion::kBlockComment:
      return StepInComment(text, position);
  }
  return 1;
}

size_t SqlCursor::StepInCode(std::string_view text, size_t position) {
  const std::string_view rest = text.substr(position);
  if (rest.starts_with("--")) {
    region_ = SqlRegion::kLineComment;
    return 2;
  }
  if (rest.starts_with("/*")) {
    region_ = SqlRegion::kBlockComment;
    comment_depth_ = 1;
    return 2;
  }
  if (rest[0] == '\'' || rest[0] == '"') {
    quote_ = rest[0];
    region_ = IsRawQuote(text, position) ? SqlRegion::kRawString : SqlRegion::kString;
  } else if (rest[0] == '`') {
    quote_ = '`';
    region_ = SqlRegion::kQuotedName;
  }
  return 1;
}

size_t SqlCursor::StepInComment(std::string_view text, size_t position) {
  const std::string_view rest = text.substr(position);
  if (region_ == SqlRegion::kLineComment) {
    if (rest[0] == '\n') region_ = SqlRegion::kCode;
    return 1;
  }
  if (rest.starts_with("/*")) {
    ++comment_depth_;
    return 2;
  }
  if (rest.starts_with("*/")) {
    if (--comment_depth_ == 0) region_ = SqlRegion::kCode;
    return 2;
  }
  return 1;
}

}  // namespace spillway::spec
