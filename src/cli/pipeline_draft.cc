#include "cli/pipeline_draft.h"

#include <algorithm>

#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/suggestion.h"
#include "base/units.h"
#include "expression/column_reference.h"
#include "pipeline/renamed_columns.h"
#include "pipeline/void_columns.h"
#include "spec/yaml_value.h"

namespace spillway::cli {
namespace {

using spec::WithoutVariables;
using spec::YamlValue;

constexpr size_t kLongestName = 128;
constexpr size_t kMostShownColumns = 12;

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string YamlPath(const std::string& path) { return YamlValue(WithoutVariables(path)); }

// For a comment, which a line break would end.
std::string CommentText(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

// "a, b, c, ..": the columns that the lookup adds.
std::string Names(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostShownColumns);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  return CommentText(names.size() > shown ? text + ", .." : text);
}

bool IsKeyType(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_base_binary_like(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == arrow::Type::DATE32;
}

const arrow::Field* FindField(const arrow::Schema& schema, std::string_view name) {
  for (const auto& field : schema.fields()) {
    if (SameName(field->name(), name)) return field.get();
  }
  return nullptr;
}

std::vector<DraftKey> CommonColumns(const arrow::Schema& source, const arrow::Schema& lookup) {
  std::vector<DraftKey> common;
  for (const auto& field : source.fields()) {
    const arrow::Field* other = FindField(lookup, field->name());
    if (other != nullptr) common.push_back({field->name(), other->name()});
  }
  return common;
}

Result<DraftKey> WantedKey(const DraftTable& source, const DraftTable& lookup,
                           const std::string& wanted) {
  const size_t equals = wanted.find('=');
  DraftKey key{wanted.substr(0, equals),
               equals == std::string::npos ? wanted : wanted.substr(equals + 1)};
  const auto find = [](const DraftTable& table, std::string* name) {
    const arrow::Field* field = FindField(*table.schema, *name);
    if (field == nullptr) {
      return MakeError({.code = ErrorCode::kKeyColumnMissing,
                        .what = fmt::format("there is no column \"{}\" for --key", *name),
                        .where = table.path,
                        .cure = Suggest(*name, table.schema->field_names())});
    }
    *name = field->name();
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(find(source, &key.source));
  ARROW_RETURN_NOT_OK(find(lookup, &key.lookup));
  return key;
}

std::string LookupName(const DraftLookup& lookup) { return NameFromPath(lookup.table.path); }

bool IsKeyColumn(const DraftLookup& lookup, std::string_view column) {
  return std::ranges::any_of(lookup.key,
                             [column](const DraftKey& key) { return key.lookup == column; });
}

// The columns that the lookup adds.
std::vector<std::string> AddedColumns(const DraftLookup& lookup) {
  std::vector<std::string> names;
  for (const auto& field : lookup.table.schema->fields()) {
    if (!IsKeyColumn(lookup, field->name())) names.push_back(field->name());
  }
  return names;
}

// The same with their names in the target: others than the source has.
std::vector<pipeline::RenamedColumn> NewColumns(const PipelineDraft& draft) {
  return pipeline::RenameColumns(LookupName(*draft.lookup), AddedColumns(*draft.lookup),
                                 draft.source.schema->field_names());
}

// "columns": all of them as they are, or new names for those that the source has.
std::string ColumnsText(const PipelineDraft& draft) {
  const std::vector<std::string> added = AddedColumns(*draft.lookup);
  const std::vector<pipeline::RenamedColumn> columns = NewColumns(draft);
  const auto is_renamed = [](const pipeline::RenamedColumn& column) {
    return column.new_name != column.old_name;
  };
  if (std::ranges::none_of(columns, is_renamed)) {
    return fmt::format("    columns: \"*\"                 # all but the key: {}\n",
                       added.empty() ? "there are none" : Names(added));
  }
  std::string text = "    columns:                     # new name: Spark SQL over the lookup\n";
  for (const pipeline::RenamedColumn& column : columns) {
    text += fmt::format("      {}: {}{}\n", YamlValue(column.new_name),
                        pipeline::ColumnAsYaml(column.old_name),
                        is_renamed(column) ? "  # the source has a column of this name" : "");
  }
  return text;
}

std::string KeyText(const std::vector<DraftKey>& key) {
  std::vector<std::string> items;
  for (const DraftKey& column : key) {
    items.push_back(column.source == column.lookup
                        ? YamlValue(column.source)
                        : fmt::format("{{source: {}, lookup: {}}}", YamlValue(column.source),
                                      YamlValue(column.lookup)));
  }
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string LookupText(const PipelineDraft& draft) {
  const DraftLookup& lookup = *draft.lookup;
  return fmt::format(
             "\nlookups:                         # tables whose columns are added, by key\n"
             "  - name: {}\n"
             "    table: {}\n"
             "    key: {}\n"
             "    type: left_outer             # keeps rows without a match; inner leaves them "
             "out\n",
             YamlValue(LookupName(lookup)), YamlPath(lookup.table.path), KeyText(lookup.key)) +
         ColumnsText(draft) +
         "    duplicates: expand           # two lookup rows with one key make two rows; error "
         "refuses them\n";
}

// Whether a column has a name, at any depth, that a table without column mapping cannot have.
bool HasOddName(const arrow::Field& field) {
  if (field.name().find_first_of(" ,;{}()\n\t=") != std::string::npos) return true;
  return std::ranges::any_of(field.type()->fields(),
                             [](const auto& child) { return HasOddName(*child); });
}

bool HasOddNames(const PipelineDraft& draft) {
  const auto any = [](const arrow::Schema& schema) {
    return std::ranges::any_of(schema.fields(),
                               [](const auto& field) { return HasOddName(*field); });
  };
  return any(*draft.source.schema) || (draft.lookup && any(*draft.lookup->table.schema));
}

// "drop": the columns, of those that the target would get, that cannot be stored.
std::string DropText(const PipelineDraft& draft) {
  std::vector<std::string> names;
  for (const auto& field : draft.source.schema->fields()) {
    if (pipeline::HasVoid(*field->type())) names.push_back(YamlValue(field->name()));
  }
  if (draft.lookup) {
    for (const pipeline::RenamedColumn& column : NewColumns(draft)) {
      const arrow::Field* field = FindField(*draft.lookup->table.schema, column.old_name);
      if (pipeline::HasVoid(*field->type())) names.push_back(YamlValue(column.new_name));
    }
  }
  if (names.empty()) return "";
  return fmt::format(
      "\n# Columns of Spark's type VOID, which Parquet does not have:\n"
      "drop: [{}]\n",
      fmt::join(names, ", "));
}

// A condition on a column that there is, for the examples in comments.
std::string ExampleCondition(const PipelineDraft& draft) {
  std::string column = "id";
  if (draft.lookup) {
    column = draft.lookup->key.front().source;
  } else if (draft.source.schema->num_fields() > 0) {
    column = draft.source.schema->field(0)->name();
  }
  const std::string reference = expression::ColumnReference(column);
  if (reference == column) return column + " IS NOT NULL";
  return CommentText(YamlValue(WithoutVariables(reference) + " IS NOT NULL"));
}

}  // namespace

std::string NameFromPath(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string name(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
  std::ranges::replace_if(name, [](char c) { return !IsWordCharacter(c) && c != '-'; }, '_');
  name.erase(0, std::min(name.size(), name.find_first_not_of("-_")));
  name.resize(std::min(name.size(), kLongestName));
  return name.empty() ? "pipeline" : name;
}

Result<std::vector<DraftKey>> ChooseKey(const DraftTable& source, const DraftTable& lookup,
                                        const std::vector<std::string>& wanted) {
  std::vector<DraftKey> key;
  for (const std::string& name : wanted) {
    ARROW_ASSIGN_OR_RAISE(DraftKey column, WantedKey(source, lookup, name));
    key.push_back(std::move(column));
  }
  if (!key.empty()) return key;
  const std::vector<DraftKey> common = CommonColumns(*source.schema, *lookup.schema);
  for (const DraftKey& column : common) {
    const bool fits = IsKeyType(*FindField(*source.schema, column.source)->type()) &&
                      IsKeyType(*FindField(*lookup.schema, column.lookup)->type());
    if (fits) key.push_back(column);
  }
  if (key.size() == 1) return key;
  std::vector<std::string> names;
  for (const DraftKey& column : key.empty() ? common : key) names.push_back(column.source);
  if (!names.empty()) {
    return MakeError(
        {.code = ErrorCode::kKeyColumnMissing,
         .what = "the key is not clear",
         .where = lookup.path,
         .why = fmt::format("source and lookup both have the columns {}", fmt::join(names, ", ")),
         .cure = fmt::format("name the one to join by: --key {}", names.front())});
  }
  return MakeError(
      {.code = ErrorCode::kKeyColumnMissing,
       .what = "source and lookup have no column in common to join by",
       .where = lookup.path,
       .why = fmt::format("the source has {}; the lookup has {}",
                          Names(source.schema->field_names()), Names(lookup.schema->field_names())),
       .cure = "name one of each: --key SOURCE_COLUMN=LOOKUP_COLUMN"});
}

std::string DraftText(const PipelineDraft& draft) {
  const std::string condition = ExampleCondition(draft);
  std::string text = fmt::format(
      "# Written by `spillway init`. All keys: docs/pipeline-file.md, `spillway schema`.\n"
      "# `spillway plan` says what a run of this file would do and how much memory it needs.\n"
      "pipeline: {}\n"
      "# Runs find by this name what earlier runs have committed: keep it.\n"
      "\n"
      "# Relative paths start at this file's folder.\n"
      "source:\n"
      "  table: {}\n"
      "  # version: {}                  # reads this version; without it, the latest\n",
      YamlValue(NameFromPath(draft.target)), YamlPath(draft.source.path), draft.source.version);
  if (draft.lookup) text += LookupText(draft);
  text += fmt::format(
      "\n# Only rows for which this is true, in Spark SQL:\n"
      "# where: {}\n"
      "\n# New columns, in Spark SQL; `spillway functions` lists what can be called:\n"
      "# columns:\n"
      "#   loaded_at: current_timestamp()\n"
      "\n# What rows are expected to meet; fail stops the run, drop leaves the row out:\n"
      "# expectations:\n"
      "#   - {{name: has_key, expect: {}, action: warn}}\n",
      condition, condition);
  text += DropText(draft);
  text += fmt::format(
      "\ntarget:\n"
      "  table: {}\n"
      "  mode: {:<25}# error_if_exists, append or overwrite\n",
      YamlPath(draft.target), draft.target_mode);
  if (draft.target_mode == "error_if_exists" && HasOddNames(draft)) {
    text += "  column_mapping: name           # a column's name has a blank or one of ,;{}()=\n";
  }
  if (draft.target_mode == "overwrite") {
    text += "  overwrite_schema: true         # the target gets this pipeline's columns\n";
  }
  text += fmt::format(
      "\nresources:\n"
      "  memory: {:<23}# {}; a run never uses more\n",
      fmt::format("{}MiB", draft.memory_bytes / kMiB), CommentText(draft.memory_origin));
  return text;
}

}  // namespace spillway::cli
