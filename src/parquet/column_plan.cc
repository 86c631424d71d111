#include "parquet/column_plan.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "parquet/field_index.h"
#include "parquet/old_calendar.h"
#include "parquet/text_column_reader.h"
#include "parquet/value_conversion.h"

namespace spillway::parquet {
namespace {

using ::parquet::arrow::SchemaField;

std::optional<std::string> FindMetadata(const arrow::Field& field, const char* key) {
  if (field.metadata() == nullptr) return std::nullopt;
  const auto value = field.metadata()->Get(key);
  return value.ok() ? std::optional<std::string>(*value) : std::nullopt;
}

void AddLeaves(const SchemaField& source, std::set<int>& leaves) {
  if (source.is_leaf()) leaves.insert(source.column_index);
  for (const SchemaField& child : source.children) AddLeaves(child, leaves);
}

// A leaf that tells where a column is NULL when none of its wanted fields does: the first one
// outside a list or map, or else the first.
const SchemaField& CheapestLeaf(const SchemaField& source) {
  if (source.is_leaf() || source.children.empty()) return source;
  const auto is_plain = [](const SchemaField& child) {
    return child.is_leaf() || child.field->type()->id() == arrow::Type::STRUCT;
  };
  const auto plain = std::find_if(source.children.begin(), source.children.end(), is_plain);
  return CheapestLeaf(plain == source.children.end() ? source.children.front() : *plain);
}

// Turns positions among all fields into positions among the `decoded` ones.
void CountOnly(const std::set<int>& decoded, std::vector<ColumnPlan>& plans) {
  const std::vector<int> ascending(decoded.begin(), decoded.end());
  for (ColumnPlan& plan : plans) {
    const auto place = std::ranges::lower_bound(ascending, plan.position);
    if (place == ascending.end() || *place != plan.position) continue;
    plan.position = static_cast<int>(place - ascending.begin());
  }
}

bool IsTextColumn(const ::parquet::arrow::SchemaManifest& manifest, const SchemaField& source,
                  const arrow::Field& wanted) {
  return source.is_leaf() && arrow::is_binary_like(wanted.type()->id()) &&
         TextColumnReader::Serves(*manifest.descr->Column(source.column_index));
}

FieldIndex IndexOf(const std::vector<SchemaField>& fields) {
  FieldIndex index;
  for (const SchemaField& field : fields) index.Add(field.field->name(), FieldId(*field.field));
  return index;
}

std::string NamesOf(const std::vector<SchemaField>& fields, const std::vector<int>& places) {
  std::vector<std::string_view> names;
  for (const int place : places) names.push_back(fields[static_cast<size_t>(place)].field->name());
  return fmt::format("{}", fmt::join(names, ", "));
}

// Matches fields and collects the leaves. `column` is the dotted name for messages.
class Matcher {
 public:
  Matcher(bool use_field_ids, const std::string& path)
      : use_field_ids_(use_field_ids), path_(path) {}

  Status Refuse(const std::string& column, std::string why) const {
    return MakeError(
        {.code = ErrorCode::kCorruptDataFile,
         .what = fmt::format("a data file does not have the table's column {}", column),
         .where = path_,
         .why = std::move(why)});
  }

  // The place among `candidates`, of which `index` is made, of the field that holds `wanted`, or
  // -1.
  Result<int> Find(const FieldIndex& index, const std::vector<SchemaField>& candidates,
                   const arrow::Field& wanted, const std::string& physical_name,
                   const std::string& column) const {
    const std::optional<int32_t> id = use_field_ids_ ? FieldId(wanted) : std::nullopt;
    const std::vector<int> found = index.Find(id, physical_name);
    if (found.size() > 1) {
      return Refuse(column, fmt::format("the file has more than one column of that name or id, and "
                                        "names compare without case: {}",
                                        NamesOf(candidates, found)));
    }
    if (found.empty() && !wanted.nullable()) {
      return Refuse(column, "the file does not have it, but the table declares it NOT NULL");
    }
    return found.empty() ? -1 : found.front();
  }

  // The plan for `wanted` from `source`. With `whole` all of source is decoded, whatever is wanted.
  // `position` of the outcome is the caller's to set.
  Result<ColumnPlan> Match(const SchemaField& source, const std::shared_ptr<arrow::Field>& wanted,
                           const std::string& column, bool whole) {
    const arrow::Type::type from = source.field->type()->id();
    switch (wanted->type()->id()) {
      case arrow::Type::STRUCT:
        if (from == arrow::Type::STRUCT) return MatchStruct(source, wanted, column, whole);
        break;
      case arrow::Type::LIST:
        if (from == arrow::Type::LIST && source.children.size() == 1) {
          return MatchElements(source.children, wanted, column, whole);
        }
        break;
      case arrow::Type::MAP:
        if (from == arrow::Type::MAP && source.children.size() == 1 &&
            source.children[0].children.size() == 2) {
          // parquet-cpp makes a list of a map that is decoded in part.
          AddLeaves(source, leaves_);
          return MatchElements(source.children[0].children, wanted, column, true);
        }
        break;
      default:
        if (source.is_leaf() && CanConvertValues(*source.field->type(), *wanted->type())) {
          leaves_.insert(source.column_index);
          return ColumnPlan{.wanted = wanted};
        }
    }
    return MakeError(
        {.code = ErrorCode::kUnsupportedType,
         .what = fmt::format("a data file has column {} with another type than the table", column),
         .where = path_,
         .why = fmt::format("it is {} in the file and {} in the table",
                            source.field->type()->ToString(), wanted->type()->ToString()),
         .cure = "write the file's rows again with the table's type, or leave the column out"});
  }

  const std::set<int>& leaves() const { return leaves_; }

 private:
  // A list's element, or a map's key and value: each child of `wanted` from the one in its place.
  Result<ColumnPlan> MatchElements(const std::vector<SchemaField>& sources,
                                   const std::shared_ptr<arrow::Field>& wanted,
                                   const std::string& column, bool whole) {
    const bool is_map = wanted->type()->id() == arrow::Type::MAP;
    const auto& parent = is_map ? wanted->type()->field(0)->type() : wanted->type();
    ColumnPlan plan{.wanted = wanted};
    for (int i = 0; i < parent->num_fields(); ++i) {
      const auto& child = parent->field(i);
      ARROW_ASSIGN_OR_RAISE(ColumnPlan child_plan,
                            Match(sources[static_cast<size_t>(i)], child,
                                  fmt::format("{}.{}", column, child->name()), whole));
      child_plan.position = i;
      plan.children.push_back(std::move(child_plan));
    }
    return plan;
  }

  Result<ColumnPlan> MatchStruct(const SchemaField& source,
                                 const std::shared_ptr<arrow::Field>& wanted,
                                 const std::string& column, bool whole) {
    ColumnPlan plan{.wanted = wanted};
    std::set<int> decoded;
    const FieldIndex fields = IndexOf(source.children);
    for (const auto& child : wanted->type()->fields()) {
      const std::string name = fmt::format("{}.{}", column, child->name());
      const std::string physical_name =
          FindMetadata(*child, kPhysicalNameKey).value_or(child->name());
      ARROW_ASSIGN_OR_RAISE(const int index,
                            Find(fields, source.children, *child, physical_name, name));
      ColumnPlan child_plan{.wanted = child};
      if (index >= 0) {
        ARROW_ASSIGN_OR_RAISE(
            child_plan, Match(source.children[static_cast<size_t>(index)], child, name, whole));
        decoded.insert(index);
      }
      child_plan.position = index;
      plan.children.push_back(std::move(child_plan));
    }
    if (decoded.empty()) leaves_.insert(CheapestLeaf(source).column_index);
    if (!whole) CountOnly(decoded, plan.children);
    return plan;
  }

  const bool use_field_ids_;
  const std::string& path_;
  std::set<int> leaves_;
};

}  // namespace

std::vector<int> ReadPlan::decoded_leaves() const {
  std::vector<int> all = leaves;
  for (const ColumnPlan& column : columns) {
    if (column.text_leaf >= 0) all.push_back(column.text_leaf);
  }
  return all;
}

std::vector<int> ReadPlan::validity_leaves() const {
  std::vector<int> all;
  for (const ColumnPlan& column : columns) {
    if (column.validity_leaf >= 0) all.push_back(column.validity_leaf);
  }
  return all;
}

std::optional<int32_t> FieldId(const arrow::Field& field) {
  const std::optional<std::string> text = FindMetadata(field, kFieldIdKey);
  if (!text) return std::nullopt;
  int32_t id = 0;
  const char* const end = text->data() + text->size();
  const auto [parsed_end, error] = std::from_chars(text->data(), end, id);
  return error == std::errc{} && parsed_end == end ? std::optional<int32_t>(id) : std::nullopt;
}

Result<ReadPlan> PlanColumns(const ::parquet::arrow::SchemaManifest& manifest,
                             const std::vector<ReadColumn>& columns, bool use_field_ids,
                             const DataFile& file) {
  const OldCalendar calendar(file);
  Matcher matcher(use_field_ids, file.path);
  Matcher by_themselves(use_field_ids, file.path);  // for columns that parquet-cpp does not decode
  ReadPlan plan;
  std::set<int> decoded;
  const FieldIndex fields = IndexOf(manifest.schema_fields);
  for (const ReadColumn& column : columns) {
    const std::string& name = column.field->name();
    if (use_field_ids && FieldId(*column.field) && !fields.has_ids()) {
      return matcher.Refuse(name, "the table finds columns by their ids, and the file has none");
    }
    ARROW_ASSIGN_OR_RAISE(const int index, matcher.Find(fields, manifest.schema_fields,
                                                        *column.field, column.physical_name, name));
    ColumnPlan column_plan{.wanted = column.field};
    if (index >= 0) {
      const SchemaField& source = manifest.schema_fields[static_cast<size_t>(index)];
      const bool is_text = !column.validity_only && IsTextColumn(manifest, source, *column.field);
      Matcher& chosen = column.validity_only || is_text ? by_themselves : matcher;
      ARROW_ASSIGN_OR_RAISE(column_plan, chosen.Match(source, column.field, name, false));
      if (column.validity_only) {
        column_plan.validity_leaf = CheapestLeaf(source).column_index;
      } else if (is_text) {
        column_plan.text_leaf = source.column_index;
        column_plan.check_text = arrow::is_string(column.field->type()->id()) &&
                                 !arrow::is_string(source.field->type()->id());
      } else {
        ARROW_RETURN_NOT_OK(calendar.CheckStatistics(index, name));
        column_plan.old_calendar = calendar.Counts(index);
        column_plan.position = index;
        decoded.insert(index);
      }
    }
    plan.columns.push_back(std::move(column_plan));
  }
  CountOnly(decoded, plan.columns);
  plan.leaves.assign(matcher.leaves().begin(), matcher.leaves().end());
  return plan;
}

}  // namespace spillway::parquet
