#include "pipeline/column_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace spillway::pipeline {
namespace {

char Lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                              : character;
}

}  // namespace

bool SameName(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

Result<int> FindColumn(const arrow::FieldVector& fields, const spec::LocatedText& name,
                       std::string_view owner) {
  int found = -1;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!SameName(fields[i]->name(), name.text)) continue;
    if (found >= 0) {
      return MakeError(
          {.code = ErrorCode::kAmbiguousColumn,
           .what = fmt::format("\"{}\" is ambiguous", name.text),
           .where = name.Where(),
           .why = fmt::format("{} has two columns with that name: \"{}\" and \"{}\"", owner,
                              fields[static_cast<size_t>(found)]->name(), fields[i]->name()),
           .cure = "rename or drop one of them"});
    }
    found = static_cast<int>(i);
  }
  return found;
}

std::vector<std::string> NamesOf(const arrow::FieldVector& fields) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.push_back(field->name());
  return names;
}

std::string Quoted(std::string_view name) {
  std::string quoted = "`";
  for (const char character : name) {
    if (character == '`') quoted += '`';
    quoted += character;
  }
  return quoted + '`';
}

}  // namespace spillway::pipeline
