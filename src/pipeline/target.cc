#include "pipeline/target.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "delta/transaction.h"
#include "pipeline/char_columns.h"
#include "pipeline/column_names.h"
#include "pipeline/nested_nullability.h"
#include "storage/writable_check.h"

namespace spillway::pipeline {
namespace {

std::shared_ptr<arrow::Field> FieldNamed(const arrow::Schema& schema, const std::string& name) {
  const auto field = std::ranges::find_if(
      schema.fields(), [&name](const auto& f) { return SameName(f->name(), name); });
  return field == schema.fields().end() ? nullptr : *field;
}

std::string Describe(const arrow::Field& field) {
  return fmt::format("{}: {}{}", field.name(), field.type()->ToString(),
                     field.nullable() ? "" : " not null");
}

Status CheckNewTable(const spec::Spec& spec, const std::string& path, const arrow::Schema& schema) {
  return delta::CheckDefinition(path, {.schema = arrow::schema(schema.fields(), schema.metadata()),
                                       .properties = spec.target.properties});
}

}  // namespace

bool ReplacesSchema(const spec::Spec& spec) {
  return spec.target.mode == spec::TargetMode::kOverwrite && spec.target.overwrite_schema;
}

Result<bool> IsEmptyTable(const delta::Snapshot& table) {
  ARROW_ASSIGN_OR_RAISE(const auto files, table.Files());
  ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> first, files->Next());
  return !first.has_value();
}

Result<bool> IsJustMade(const delta::Snapshot& table, const arrow::Schema& schema) {
  if (table.version() != 0 || !SchemaDifference(*table.schema(), schema).empty()) return false;
  return IsEmptyTable(table);
}

Result<storage::TableLocation> LocateTarget(const spec::Spec& spec) {
  return storage::ParseTableLocation(spec.Resolve(spec.target.path), spec.directory);
}

Result<ExistingTarget> OpenTarget(const spec::Spec& spec,
                                  const std::vector<std::string>& input_paths) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location, LocateTarget(spec));
  for (const std::string& input : input_paths) {
    if (!storage::IsSameTable(location, {.path = input, .display = input})) continue;
    return MakeError({.code = ErrorCode::kTargetIsSource,
                      .what = "the target is also an input of this pipeline",
                      .where = spec.target.path.Where(),
                      .why = fmt::format("both are the table {}", input),
                      .cure = "give the target a path of its own"});
  }
  ExistingTarget target{.path = location.path};
  ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(target.path));
  if (exists) {
    ARROW_ASSIGN_OR_RAISE(target.snapshot, delta::Snapshot::Open(target.path));
  }
  ARROW_RETURN_NOT_OK(storage::CheckWritable(target.path));
  return target;
}

Status CheckTarget(const spec::Spec& spec, const ExistingTarget& target,
                   const arrow::Schema& schema) {
  if (!target.exists()) return CheckNewTable(spec, target.path, schema);
  ARROW_ASSIGN_OR_RAISE(const bool is_just_made, IsJustMade(*target.snapshot, schema));
  const std::string where = fmt::format("{} (version {})", target.path, target.snapshot->version());
  if (spec.target.mode == spec::TargetMode::kErrorIfExists && !is_just_made) {
    return MakeError({.code = ErrorCode::kTargetExists,
                      .what = "the target already exists",
                      .where = where,
                      .why = "target.mode is error_if_exists",
                      .cure = "choose another target, or target.mode: append or overwrite"});
  }
  ARROW_RETURN_NOT_OK(target.snapshot->CheckWritable());
  if (ReplacesSchema(spec)) return CheckNewTable(spec, target.path, schema);
  if (!target.snapshot->partition_columns().empty()) {
    return MakeError(
        {.code = ErrorCode::kFeatureNotBuilt,
         .what = "the target is partitioned, and this version does not write partitioned tables",
         .where = where,
         .why = fmt::format("partitioned by {}",
                            fmt::join(target.snapshot->partition_columns(), ", ")),
         .cure = "choose another target, or overwrite it with overwrite_schema: true"});
  }
  ARROW_RETURN_NOT_OK(RefuseCharColumns(*target.snapshot->schema(), where));
  const std::string difference = SchemaDifference(*target.snapshot->schema(), schema);
  if (difference.empty()) return Status::OK();
  return MakeError({.code = ErrorCode::kTargetSchemaDiffers,
                    .what = "the target's columns are not the ones that this pipeline makes",
                    .where = where,
                    .why = difference,
                    .cure = spec.target.mode == spec::TargetMode::kOverwrite
                                ? "set target.overwrite_schema: true, or choose another target"
                                : "choose another target, or change the pipeline's columns"});
}

std::string SchemaDifference(const arrow::Schema& table, const arrow::Schema& wanted) {
  std::string lines;
  const auto add = [&lines](std::string_view sign, std::string_view text) {
    lines += fmt::format("{}{} {}", lines.empty() ? "" : "\n         ", sign, text);
  };
  for (const auto& field : wanted.fields()) {
    const auto old = FieldNamed(table, field->name());
    if (old == nullptr) {
      add("+", Describe(*field) + " (the pipeline makes it, but the target does not have it)");
    } else if (!Holds(*old, *field)) {
      // Arrow does not show whether a map's values may be NULL.
      const std::string stored = Describe(*old) == Describe(*field)
                                     ? " (in the target, the values inside are NOT NULL)"
                                     : fmt::format(" (in the target: {})", Describe(*old));
      add("~", Describe(*field) + stored);
    }
  }
  for (const auto& field : table.fields()) {
    if (FieldNamed(wanted, field->name()) != nullptr) continue;
    add("-", Describe(*field) + " (the target has it, but the pipeline does not make it)");
  }
  return lines;
}

std::shared_ptr<arrow::Schema> AsStoredIn(const arrow::Schema& table, const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    const auto known = FieldNamed(table, field->name());
    auto stored = known == nullptr ? field : field->WithName(known->name());
    if (known != nullptr && Holds(*known, *field)) stored = stored->WithType(known->type());
    fields.push_back(std::move(stored));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace spillway::pipeline
