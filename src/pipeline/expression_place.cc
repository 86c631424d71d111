#include "pipeline/expression_place.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "expression/expression.h"

namespace spillway::pipeline {

Status PlaceInFile(const Status& status, const spec::LocatedText& text) {
  std::optional<ErrorInfo> info = FindError(status);
  if (!info) return status;
  info->where = text.Where(expression::ErrorOffset(status, text.text).value_or(0));
  return MakeError(*std::move(info));
}

}  // namespace spillway::pipeline
