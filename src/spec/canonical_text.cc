#include "spec/canonical_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "spec/sql_cursor.h"

namespace spillway::spec {
namespace {

// Changes whenever the meaning of an unchanged pipeline does.
constexpr std::string_view kFirstLine = "spillway rows 1\n";

// Quoted, so that no value can look like the start of another line.
std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PathText(const Spec& spec, const LocatedText& path) {
  for (const std::string_view scheme : {"file://", "file:"}) {
    if (!path.text.starts_with(scheme)) continue;
    const std::string local = path.text.substr(scheme.size());
    return Quoted(spec.Resolve({.text = local, .origin = {}, .anchors = {}}));
  }
  return Quoted(spec.Resolve(path));
}

std::string ExpressionText(const LocatedText& expression, VariableText variables) {
  return Quoted(CanonicalExpression(
      variables == VariableText::kValues ? expression.text : expression.WithVariableNames()));
}

std::string NamedExpressions(std::string_view label, const std::vector<NamedExpression>& columns,
                             VariableText variables) {
  std::string text;
  for (const NamedExpression& column : columns) {
    text += fmt::format("{} {} = {}\n", label, Quoted(column.name.text),
                        ExpressionText(column.expression, variables));
  }
  return text;
}

// By their old names, so that their order does not count.
std::string RenameText(std::string_view label, const InputTable& table) {
  std::vector<std::string> lines;
  for (const Rename& rename : table.rename) {
    lines.push_back(
        fmt::format("{} {} = {}\n", label, Quoted(rename.from.text), Quoted(rename.to.text)));
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, ""));
}

std::string_view NameOf(LookupType type) {
  return type == LookupType::kInner ? "inner" : "left_outer";
}

std::string_view NameOf(DuplicateKeys duplicates) {
  switch (duplicates) {
    case DuplicateKeys::kExpand:
      return "expand";
    case DuplicateKeys::kError:
      return "error";
    case DuplicateKeys::kFirst:
      return "first";
    case DuplicateKeys::kLast:
      return "last";
  }
  return "";
}

std::string_view NameOf(TargetMode mode) {
  switch (mode) {
    case TargetMode::kAppend:
      return "append";
    case TargetMode::kOverwrite:
      return "overwrite";
    case TargetMode::kErrorIfExists:
      return "error_if_exists";
  }
  return "";
}

std::string LookupText(const Spec& spec, const Lookup& lookup, VariableText variables) {
  std::string text = fmt::format("lookup {} {} {}\n", PathText(spec, lookup.table.path),
                                 NameOf(lookup.type), NameOf(lookup.duplicates));
  text += RenameText("  rename", lookup.table);
  for (const KeyColumn& column : lookup.key) {
    text += fmt::format("  key {} = {}\n", Quoted(column.source.text), Quoted(column.lookup.text));
  }
  if (lookup.order_by) {
    text += fmt::format("  order by {}\n", ExpressionText(*lookup.order_by, variables));
  }
  switch (lookup.columns.kind) {
    case LookupColumns::Kind::kAll:
      return text + "  all columns\n";
    case LookupColumns::Kind::kNames:
      for (const LocatedText& name : lookup.columns.names) {
        text += fmt::format("  column {}\n", Quoted(name.text));
      }
      return text;
    case LookupColumns::Kind::kExpressions:
      return text + NamedExpressions("  column", lookup.columns.expressions, variables);
  }
  return text;
}

}  // namespace

std::string CanonicalExpression(std::string_view expression) {
  std::string canonical;
  SqlCursor cursor;
  bool space_before = false;
  for (size_t i = 0; i < expression.size();) {
    const SqlRegion before = cursor.region();
    const size_t length = cursor.Step(expression, i);
    const SqlRegion after = cursor.region();
    const auto is_comment = [](SqlRegion region) {
      return region == SqlRegion::kLineComment || region == SqlRegion::kBlockComment;
    };
    const char c = expression[i];
    const bool white = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_comment(before) || is_comment(after) || (before == SqlRegion::kCode && white)) {
      space_before = true;
    } else {
      if (space_before && !canonical.empty()) canonical += ' ';
      space_before = false;
      canonical += expression.substr(i, length);
    }
    i += length;
  }
  return canonical;
}

std::string ExpectationsText(const Spec& spec) {
  std::string text;
  for (const Expectation& expectation : spec.expectations) {
    text += fmt::format("{} {} {}\n", ActionName(expectation.action), Quoted(expectation.name.text),
                        ExpressionText(expectation.condition, VariableText::kValues));
  }
  return text;
}

std::string CanonicalText(const Spec& spec, VariableText variables) {
  std::string text(kFirstLine);
  text += fmt::format("source {}\n", PathText(spec, spec.source.path));
  text += RenameText("rename", spec.source);
  for (const Lookup& lookup : spec.lookups) text += LookupText(spec, lookup, variables);
  if (spec.where) text += fmt::format("where {}\n", ExpressionText(*spec.where, variables));
  text += NamedExpressions("column", spec.columns, variables);
  std::vector<std::string> drop;
  for (const LocatedText& name : spec.drop) drop.push_back(name.text);
  std::sort(drop.begin(), drop.end());
  for (const std::string& name : drop) text += fmt::format("drop {}\n", Quoted(name));
  for (const Expectation& expectation : spec.expectations) {
    if (expectation.action != ExpectationAction::kDrop)
      continue;  // the others leave the rows alone
    text += fmt::format("keep {}\n", ExpressionText(expectation.condition, variables));
  }
  text += fmt::format("target {}{}\n", NameOf(spec.target.mode),
                      spec.target.overwrite_schema ? " overwrite_schema" : "");
  // Not for the order of the source, so that runs keep the text that they have without the key.
  if (spec.in_key_order()) text += "chunk order key\n";
  return text;
}

}  // namespace spillway::spec
