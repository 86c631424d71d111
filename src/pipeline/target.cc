#include "pipeline/target.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/units.h"
#include "delta/transaction.h"
#include "pipeline/char_columns.h"
#include "pipeline/column_mapping.h"
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

// Delta's writers refuse these in a name unless the table maps its columns to other ones.
constexpr std::string_view kOddCharacters = " ,;{}()\n\t=";

void FindOddNames(const arrow::Field& field, const std::string& path,
                  std::vector<std::string>* odd) {
  const std::string name = path.empty() ? field.name() : path + "." + field.name();
  if (field.name().find_first_of(kOddCharacters) != std::string::npos) odd->push_back(name);
  for (const auto& child : field.type()->fields()) FindOddNames(*child, name, odd);
}

Status CheckNames(const std::string& path, const arrow::Schema& schema) {
  constexpr size_t kShown = 3;
  std::vector<std::string> odd;
  for (const auto& field : schema.fields()) FindOddNames(*field, "", &odd);
  if (odd.empty()) return Status::OK();
  const std::string first = odd.front();
  const size_t count = odd.size();
  odd.resize(std::min(count, kShown));
  for (std::string& name : odd) name = fmt::format("\"{}\"", name);
  std::string renamed = first;
  std::ranges::replace_if(
      renamed, [](const char c) { return kOddCharacters.find(c) != std::string_view::npos; }, '_');
  return MakeError(
      {.code = ErrorCode::kValueOutOfRange,
       .what = fmt::format(
           "{} the target cannot have as {}",
           count == 1 ? "a column has a name that"
                      : FormatCount(static_cast<int64_t>(count)) + " columns have names that",
           count == 1 ? "it is" : "they are"),
       .where = path,
       .why = fmt::format(
           "{}{}: a blank and the characters ,;{{}}()= need column mapping", fmt::join(odd, ", "),
           count > kShown
               ? fmt::format(" and {} more", FormatCount(static_cast<int64_t>(count - kShown)))
               : ""),
       .cure = fmt::format("write \"column_mapping: name\" under target; or rename them with "
                           "source.rename or lookups[].rename, as in rename: {{\"{}\": {}}}",
                           first, renamed)});
}

// The mapping is the pipeline file's own key, because files have to be written by it.
Status CheckProperties(const spec::Spec& spec) {
  for (const char* name : {kColumnMappingMode, kLargestColumnId}) {
    if (!spec.target.properties.contains(name)) continue;
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("the property {} is not set by hand", name),
                      .where = spec.target.path.Where(),
                      .cure = "write \"column_mapping: name\" under target, and remove it"});
  }
  return Status::OK();
}

Status CheckNewTable(const spec::Spec& spec, const ExistingTarget& target,
                     const arrow::Schema& schema) {
  ARROW_RETURN_NOT_OK(CheckProperties(spec));
  auto wanted = arrow::schema(schema.fields(), schema.metadata());
  if (MapsColumns(spec, target)) {
    wanted = WithMapping(schema, /*run=*/"", LargestColumnId(target));
  } else {
    ARROW_RETURN_NOT_OK(CheckNames(target.path, schema));
  }
  return delta::CheckDefinition(
      target.path, {.schema = std::move(wanted), .properties = NewProperties(spec, target)});
}

// Properties that keep a table's rows from being replaced, by this program or by any.
struct KeepingProperty {
  std::string_view name;
  std::string_view what;
};
constexpr KeepingProperty kKeepingProperties[] = {
    {"delta.appendOnly", "the target is append-only, and mode overwrite removes its rows"},
    {"delta.enableChangeDataFeed",
     "the target keeps a change data feed, which mode overwrite would have to write"}};

Status CheckMayReplace(const spec::Spec& spec, const delta::Snapshot& table,
                       const std::string& where) {
  if (spec.target.mode != spec::TargetMode::kOverwrite) return Status::OK();
  for (const KeepingProperty& keeping : kKeepingProperties) {
    const auto property = table.properties().find(std::string(keeping.name));
    if (property == table.properties().end() || !SameName(property->second, "true")) continue;
    return MakeError(
        {.code = ErrorCode::kUnsupportedFeature,
         .what = std::string(keeping.what),
         .where = where,
         .why = fmt::format("{} is true", keeping.name),
         .cure = fmt::format("run with --set target.mode=append to add rows; or choose another "
                             "target; or ALTER TABLE .. SET TBLPROPERTIES ('{}' = 'false')",
                             keeping.name)});
  }
  return Status::OK();
}

}  // namespace

bool ReplacesSchema(const spec::Spec& spec) {
  return spec.target.mode == spec::TargetMode::kOverwrite && spec.target.overwrite_schema;
}

bool MapsColumns(const spec::Spec& spec, const ExistingTarget& target) {
  if (!target.exists()) return spec.target.column_mapping == spec::ColumnMapping::kName;
  return target.snapshot->column_mapping() != delta::ColumnMapping::kNone;
}

int64_t LargestColumnId(const ExistingTarget& target) {
  int64_t largest = 0;
  if (!target.exists()) return largest;
  const auto property = target.snapshot->properties().find(kLargestColumnId);
  if (property != target.snapshot->properties().end()) {
    const std::string& text = property->second;
    std::from_chars(text.data(), text.data() + text.size(), largest);
  }
  return largest;
}

std::map<std::string, std::string> NewProperties(const spec::Spec& spec,
                                                 const ExistingTarget& target) {
  std::map<std::string, std::string> properties = spec.target.properties;
  if (!MapsColumns(spec, target)) return properties;
  const bool by_id =
      target.exists() && target.snapshot->column_mapping() == delta::ColumnMapping::kId;
  properties[kColumnMappingMode] = by_id ? "id" : "name";
  return properties;
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
  if (!target.exists()) return CheckNewTable(spec, target, schema);
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
  ARROW_RETURN_NOT_OK(CheckMayReplace(spec, *target.snapshot, where));
  if (ReplacesSchema(spec)) return CheckNewTable(spec, target, schema);
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
  constexpr int kMostLines = 20;
  std::string lines;
  int differences = 0;
  const auto add = [&](std::string_view sign, std::string_view text) {
    if (++differences > kMostLines) return;
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
  if (differences > kMostLines) {
    lines += fmt::format("\n         and {} more", differences - kMostLines);
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
