#include "expression/source_text.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "expression/expression.h"
#include "expression/utf8.h"

namespace spillway::expression {
namespace {

constexpr std::string_view kPlacePrefix = "column ";
constexpr std::string_view kPlaceSuffix = " of the expression";

constexpr size_t kShownBefore = 60;
constexpr size_t kShownAfter = 40;

std::string_view LineAround(std::string_view text, size_t position, size_t* begin) {
  const size_t newline = position == 0 ? std::string_view::npos : text.rfind('\n', position - 1);
  *begin = newline == std::string_view::npos ? 0 : newline + 1;
  return text.substr(*begin, std::min(text.find('\n', position), text.size()) - *begin);
}

// The text's line with a caret under `span.begin`, cut to the part around it.
std::string ShowPlace(std::string_view text, Span span) {
  size_t begin = 0;
  std::string_view line = LineAround(text, span.begin, &begin);
  size_t at = span.begin - begin;
  std::string prefix;
  if (at > kShownBefore) {
    size_t cut = at - kShownBefore;
    while (cut < at && utf8::IsContinuation(line[cut])) ++cut;
    line.remove_prefix(cut);
    at -= cut;
    prefix = "..";
  }
  size_t length = std::min(line.size(), at + kShownAfter);
  while (length < line.size() && utf8::IsContinuation(line[length])) ++length;
  const size_t column = prefix.size() + static_cast<size_t>(utf8::Length(line.substr(0, at)));
  return fmt::format("\n    {}{}\n    {:>{}}", prefix, line.substr(0, length), "^", column + 1);
}

}  // namespace

Status ErrorAt(std::string_view text, Span span, ErrorInfo info) {
  span.begin = std::min(span.begin, text.size());
  info.where = fmt::format("{}{}{}", kPlacePrefix, utf8::Length(text.substr(0, span.begin)) + 1,
                           kPlaceSuffix);
  info.why += ShowPlace(text, span);
  return MakeError(std::move(info));
}

Status WithPlace(const Status& status, std::string_view text, Span span) {
  if (status.ok()) return status;
  const Status coded = WithCode(status, ErrorCode::kEvaluation, "the expression failed", "");
  std::optional<ErrorInfo> info = FindError(coded);
  if (!info || !info->where.empty()) return coded;
  return ErrorAt(text, span, *std::move(info));
}

std::optional<size_t> ErrorOffset(const Status& status, std::string_view text) {
  const std::optional<ErrorInfo> info = FindError(status);
  if (!info || !info->where.starts_with(kPlacePrefix) || !info->where.ends_with(kPlaceSuffix)) {
    return std::nullopt;
  }
  int64_t column = 0;
  std::from_chars(info->where.data() + kPlacePrefix.size(), info->where.data() + info->where.size(),
                  column);
  size_t offset = 0;
  for (; column > 1 && offset < text.size(); --column) offset = utf8::Next(text, offset);
  return offset;
}

}  // namespace spillway::expression
