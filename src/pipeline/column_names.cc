#include "pipeline/column_names.h"

#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"

namespace spillway::pipeline {
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

const std::string* NamesSoFar::Add(const std::string& name) {
  const auto [place, is_new] = by_folded_.emplace(FoldName(name), name);
  return is_new ? nullptr : &place->second;
}

Status TwiceInColumns(const spec::LocatedText& name, const std::string& earlier) {
  return MakeError(
      {.code = ErrorCode::kDuplicateKey,
       .what = fmt::format("`columns` makes the column \"{}\" twice", name.text),
       .where = name.Where(),
       .why = fmt::format(
           "\"{}\" is the same name: upper and lower case count as the same, as in Spark", earlier),
       .cure = "give one of them another name"});
}

Status TwiceInResult(const spec::LocatedText& source, const std::string& first,
                     const std::string& second) {
  return MakeError(
      {.code = ErrorCode::kAmbiguousColumn,
       .what = fmt::format("two columns of the result have the same name: \"{}\" and \"{}\"", first,
                           second),
       .where = source.Where(),
       .why =
           "upper and lower case count as the same, as in Spark, which could not read such a table",
       .cure = "rename one of them in the source's table"});
}

std::vector<std::string> NamesOf(const arrow::FieldVector& fields) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.push_back(field->name());
  return names;
}

}  // namespace spillway::pipeline
