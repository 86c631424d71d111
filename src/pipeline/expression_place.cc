#include "pipeline/expression_place.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "expression/expression.h"

namespace spillway::pipeline {
namespace {

// An error shows its place in the expression's text last, in two lines; see expression::ErrorAt.
void DropShownText(std::string* why) {
  for (int i = 0; i < 2; ++i) why->erase(std::min(why->rfind('\n'), why->size()));
}

}  // namespace

Status PlaceInFile(const Status& status, const spec::LocatedText& text) {
  std::optional<ErrorInfo> info = FindError(status);
  if (!info) return status;
  const std::optional<size_t> offset = expression::ErrorOffset(status, text.text);
  info->where = text.Where(offset.value_or(0));
  if (offset && !text.variable_parts.empty()) DropShownText(&info->why);
  return MakeError(*std::move(info));
}

}  // namespace spillway::pipeline
