#include "pipeline/char_columns.h"

#include <optional>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include "base/error.h"
#include "expression/column_reference.h"

namespace spillway::pipeline {
namespace {

constexpr char kDeclaredTypeKey[] = "__CHAR_VARCHAR_TYPE_STRING";

// The type that `field`, or the first field inside it that has one, was declared with.
std::optional<std::string> DeclaredType(const arrow::Field& field) {
  if (field.metadata() != nullptr) {
    const auto declared = field.metadata()->Get(kDeclaredTypeKey);
    if (declared.ok()) return *declared;
  }
  for (const auto& inner : field.type()->fields()) {
    if (auto declared = DeclaredType(*inner)) return declared;
  }
  return std::nullopt;
}

}  // namespace

Status RefuseCharColumns(const arrow::Schema& table, const std::string& where) {
  for (const auto& field : table.fields()) {
    const std::optional<std::string> declared = DeclaredType(*field);
    if (!declared) continue;
    const std::string to_string =
        fmt::format("make it a STRING in Spark (ALTER TABLE .. ALTER COLUMN {} TYPE STRING), ",
                    expression::BackQuoted(field->name()));
    return MakeError(
        {.code = ErrorCode::kUnsupportedFeature,
         .what =
             fmt::format("the target's column \"{}\" is declared as {}", field->name(), *declared),
         .where = where,
         .why = "writers of such a table check the length of each text, which Spillway does not do",
         .cure =
             fmt::format("{}choose another target, or replace the table: target.mode: overwrite "
                         "with overwrite_schema: true",
                         field->type()->num_fields() == 0 ? to_string : "")});
  }
  return Status::OK();
}

}  // namespace spillway::pipeline
