#include "spec/substitution.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "base/units.h"
#include "spec/sql_cursor.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

constexpr size_t kLongestName = 128;
constexpr std::string_view kEnvironmentPrefix = "env:";

Status Undefined(const LocatedText& text, size_t position, std::string what, std::string cure) {
  return MakeError({.code = ErrorCode::kUndefinedVariable,
                    .what = std::move(what),
                    .where = text.Where(position),
                    .cure = std::move(cure)});
}

// A string's text as it must stand between `quote`s.
std::string EscapedForQuote(std::string_view value, char quote) {
  std::string escaped;
  for (const char c : value) {
    if (quote == '`') {
      if (c == '`') escaped += '`';
    } else if (c == '\\' || c == quote) {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

std::string AsLiteral(const Variable& variable) {
  if (variable.kind == Variable::Kind::kString) {
    return fmt::format("'{}'", EscapedForQuote(variable.text, '\''));
  }
  // In parentheses, because x -${v} must not become a comment.
  if (variable.text.starts_with('-')) return fmt::format("({})", variable.text);
  return variable.text;
}

// Writes the result: pieces of the text, which keep their places, and values, which have the place
// of their ${.
class Writer {
 public:
  explicit Writer(const LocatedText& from) : from_(from) {
    result_.origin = from.origin;
    result_.in_file = from.in_file;
  }

  // Copies bytes [begin, end); calls go from left to right.
  void Copy(size_t begin, size_t end) {
    if (begin == end) return;
    TextAnchor place = from_.PlaceOf(begin);
    place.offset = result_.text.size();
    AddAnchor(place);
    for (; next_anchor_ < from_.anchors.size(); ++next_anchor_) {
      TextAnchor moved = from_.anchors[next_anchor_];
      if (moved.offset >= end) break;
      if (moved.offset <= begin) continue;
      moved.offset = moved.offset - begin + result_.text.size();
      AddAnchor(moved);
    }
    result_.text.append(from_.text, begin, end - begin);
  }

  // `name` is that of the string variable whose value it is, or empty.
  Status Insert(size_t position, std::string_view value, std::string_view name) {
    TextAnchor place = from_.PlaceOf(position);
    place.offset = result_.text.size();
    place.fixed = true;
    AddAnchor(place);
    if (!name.empty()) {
      const size_t begin = result_.text.size();
      result_.variable_parts.push_back({begin, begin + value.size(), std::string(name)});
    }
    result_.text += value;
    if (result_.text.size() <= kLongestTextBytes) return Status::OK();
    return MakeError(
        {.code = ErrorCode::kValueOutOfRange,
         .what = fmt::format("the text is longer than {} once its variables are filled in",
                             FormatByteSize(kLongestTextBytes)),
         .where = from_.Where(position)});
  }

  LocatedText Take() {
    if (result_.anchors.empty()) result_.anchors = from_.anchors;
    return std::move(result_);
  }

 private:
  void AddAnchor(const TextAnchor& anchor) {
    if (!result_.anchors.empty() && result_.anchors.back().offset == anchor.offset) {
      result_.anchors.pop_back();
    }
    result_.anchors.push_back(anchor);
  }

  const LocatedText& from_;
  size_t next_anchor_ = 0;
  LocatedText result_;
};

Result<Variable> LookUp(const LocatedText& text, size_t position, std::string_view name,
                        SubstitutionContext context, const VariableScope& scope) {
  if (name.starts_with(kEnvironmentPrefix)) {
    const std::string environment_name(name.substr(kEnvironmentPrefix.size()));
    if (context == SubstitutionContext::kExpression) {
      return Undefined(
          text, position,
          fmt::format("${{{}}} is in an expression, and expressions may not use the environment",
                      name),
          fmt::format("define a variable under `variables`, and set it with --set "
                      "variables.NAME=.. or SPILLWAY_VARIABLES_NAME"));
    }
    const auto found = scope.environment.find(environment_name);
    if (found != scope.environment.end() && !IsUtf8(found->second)) {
      return MakeError(
          {.code = ErrorCode::kValueOutOfRange,
           .what = fmt::format("the environment variable {} is not UTF-8", environment_name),
           .where = text.Where(position),
           .cure = fmt::format("set {} to text in UTF-8", environment_name)});
    }
    if (found != scope.environment.end()) return Variable{Variable::Kind::kString, found->second};
    return Undefined(text, position,
                     fmt::format("the environment variable \"{}\" is not set", environment_name),
                     fmt::format("export {}=.. before the run", environment_name));
  }
  const auto found = scope.variables.find(std::string(name));
  if (found != scope.variables.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, value] : scope.variables) names.push_back(known);
  const std::optional<std::string> closest = Closest(name, names);
  return Undefined(text, position, fmt::format("the variable \"{}\" is not defined", name),
                   closest ? fmt::format("write ${{{}}}", *closest)
                           : "define it under \"variables\", or write $${ for a plain ${");
}

Result<std::string> ValueText(const LocatedText& text, size_t position, const Variable& variable,
                              const SqlCursor* sql) {
  if (sql == nullptr) return variable.text;
  switch (sql->region()) {
    case SqlRegion::kString:
    case SqlRegion::kQuotedName:
      return EscapedForQuote(variable.text, sql->quote());
    case SqlRegion::kRawString:
      if (variable.text.find(sql->quote()) == std::string::npos) return variable.text;
      return MakeError(
          {.code = ErrorCode::kValueOutOfRange,
           .what = "the variable contains the quote that ends the raw string around it",
           .where = text.Where(position),
           .cure = "remove the r in front of the string"});
    default:
      return AsLiteral(variable);
  }
}

bool InComment(const SqlCursor* sql) {
  return sql != nullptr &&
         (sql->region() == SqlRegion::kLineComment || sql->region() == SqlRegion::kBlockComment);
}

}  // namespace

bool IsVariableName(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  if (name[0] >= '0' && name[0] <= '9') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<LocatedText> Substitute(const LocatedText& text, SubstitutionContext context,
                               const VariableScope& scope) {
  Writer writer(text);
  SqlCursor cursor;
  SqlCursor* sql = context == SubstitutionContext::kExpression ? &cursor : nullptr;
  const std::string_view whole = text.text;
  size_t copied = 0;
  for (size_t i = 0; i < whole.size();) {
    const std::string_view rest = whole.substr(i);
    if (rest.starts_with("$$")) {
      writer.Copy(copied, i + 1);
      copied = i += 2;
    } else if (rest.starts_with("${") && !InComment(sql)) {
      const size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        return Undefined(text, i, "a ${ has no closing brace", "write $${ for a plain ${");
      }
      const std::string_view name = rest.substr(2, end - 2);
      ARROW_ASSIGN_OR_RAISE(const Variable variable, LookUp(text, i, name, context, scope));
      ARROW_ASSIGN_OR_RAISE(const std::string value, ValueText(text, i, variable, sql));
      writer.Copy(copied, i);
      const bool is_string = variable.kind == Variable::Kind::kString;
      ARROW_RETURN_NOT_OK(writer.Insert(i, value, is_string ? name : std::string_view()));
      copied = i += end + 1;
    } else {
      i += sql != nullptr ? sql->Step(whole, i) : 1;
    }
  }
  writer.Copy(copied, whole.size());
  return writer.Take();
}

}  // namespace spillway::spec
