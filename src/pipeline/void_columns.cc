#include "pipeline/void_columns.h"

#include <algorithm>
#include <string>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "pipeline/column_names.h"

namespace spillway::pipeline {
bool HasVoid(const arrow::DataType& type) {
  return type.id() == arrow::Type::NA || std::ranges::any_of(type.fields(), [](const auto& field) {
           return HasVoid(*field->type());
         });
}

Status RefuseVoidColumns(const arrow::Schema& output, const std::string& where) {
  for (const auto& field : output.fields()) {
    if (!HasVoid(*field->type())) continue;
    const bool is_inside = field->type()->id() != arrow::Type::NA;
    const std::string give_type =
        fmt::format(", or give it a type: columns: {{{}: CAST(NULL AS STRING)}}", field->name());
    return MakeError(
        {.code = ErrorCode::kUnsupportedType,
         .what = fmt::format("the column \"{}\" {} the type VOID", field->name(),
                             is_inside ? "has a field of" : "has"),
         .where = where,
         .why = "Parquet has no such type: readers take the column for all NULL, and Spillway does "
                "not write it",
         .cure =
             fmt::format("leave it out: drop: [{}]{}", field->name(), is_inside ? "" : give_type)});
  }
  return Status::OK();
}

}  // namespace spillway::pipeline
