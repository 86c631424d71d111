#include "parquet/copy_check.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/schema.h>

#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

using ::parquet::schema::GroupNode;
using ::parquet::schema::Node;

// Of a list; "item" is Arrow's.
bool HasStandardNames(const GroupNode& middle) {
  const std::string& element = middle.field(0)->name();
  return middle.name() == "list" && (element == "element" || element == "item");
}

// Lists and maps in the form that every writer of today uses; older ones lack the middle level, or
// name it and the element otherwise, which DuckDB's reader of Delta tables does not understand.
bool HasStandardLists(const Node& node) {
  if (!node.is_group()) return true;
  const auto& group = static_cast<const GroupNode&>(node);
  const auto& logical = group.logical_type();
  const bool is_list = logical->is_list();
  if (is_list || logical->is_map()) {
    if (group.field_count() != 1 || !group.field(0)->is_repeated()) return false;
    if (!group.field(0)->is_group()) return false;
    const auto& middle = static_cast<const GroupNode&>(*group.field(0));
    if (middle.field_count() != (is_list ? 1 : 2)) return false;
    if (is_list && !HasStandardNames(middle)) return false;
    for (int i = 0; i < middle.field_count(); ++i) {
      if (middle.field(i)->is_repeated() || !HasStandardLists(*middle.field(i))) return false;
    }
    return true;
  }
  for (int i = 0; i < group.field_count(); ++i) {
    if (group.field(i)->is_repeated() || !HasStandardLists(*group.field(i))) return false;
  }
  return true;
}

// Whether `is(part)` holds for the column at `node`, or for a part of it.
template <typename Is>
bool HasPart(const Node& node, Is is) {
  if (is(node)) return true;
  if (node.is_primitive()) return false;
  const auto& group = static_cast<const GroupNode&>(node);
  for (int i = 0; i < group.field_count(); ++i) {
    if (HasPart(*group.field(i), is)) return true;
  }
  return false;
}

bool IsInt96(const Node& node) {
  return node.is_primitive() &&
         static_cast<const ::parquet::schema::PrimitiveNode&>(node).physical_type() ==
             ::parquet::Type::INT96;
}

// The top-level fields with LZ4 as Hadoop frames it, which DuckDB and others do not read.
std::vector<bool> FindHadoopsLz4(const Footer& footer) {
  std::vector<bool> fields(static_cast<size_t>(footer.schema->num_fields()), false);
  for (const RowGroupFacts& row_group : footer.row_groups) {
    for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
      if (row_group.columns[leaf].codec != arrow::Compression::LZ4_HADOOP) continue;
      fields[static_cast<size_t>(footer.leaves[leaf].root)] = true;
    }
  }
  return fields;
}

// A logical type that is newer than parquet-cpp: it is read as if it were none, and cannot be
// written.
bool IsOfUnknownType(const Node& node) { return node.logical_type()->is_invalid(); }

// Names inside a nested column are part of its schema; those at the top can be given anew.
bool HasOtherNamesInside(const arrow::Field& field) {
  for (const auto& child : field.type()->fields()) {
    if (child->metadata() != nullptr) {
      const int at = child->metadata()->FindKey(kPhysicalNameKey);
      if (at >= 0 && child->metadata()->value(at) != child->name()) return true;
    }
    if (HasOtherNamesInside(*child)) return true;
  }
  return false;
}

// parquet-mr before 1.2.9 left the dictionary's header out of a column chunk's size (PARQUET-816).
bool HasWrongSizes(const ::parquet::FileMetaData& metadata) {
  return metadata.writer_version().VersionLt(
      ::parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION());
}

}  // namespace

CopyCheck::CopyCheck(const DataFile& file, const Footer& footer)
    : file_(file),
      file_schema_(*footer.schema),
      calendar_(file),
      hadoops_lz4_(FindHadoopsLz4(footer)) {}

std::string_view CopyCheck::FindReason(const ReadColumn& column) const {
  const int field = FieldOf(file_, column);
  if (field < 0) return "the file has no such column";
  const Node& node = *file_.metadata->schema()->group_node()->field(field);
  if (node.is_repeated() || !HasStandardLists(node)) return "a list in an old layout";
  if (HasPart(node, IsInt96)) return "INT96 timestamps";
  if (HasPart(node, IsOfUnknownType)) return "an unknown logical type";
  if (HasOtherNamesInside(*column.field)) return "different names inside a nested column";
  if (!file_schema_.field(field)->type()->Equals(*column.field->type())) {
    return "stored as another type";
  }
  if (HasWrongSizes(*file_.metadata)) return "a writer known to record wrong sizes";
  if (hadoops_lz4_[static_cast<size_t>(field)]) return "Hadoop's LZ4";
  if (calendar_.Counts(field)) return "dates in the old (Julian) calendar";
  return {};
}

int FieldOf(const DataFile& file, const ReadColumn& column) {
  const std::vector<int> found = file.fields->Find(std::nullopt, column.physical_name);
  return found.size() == 1 ? found.front() : -1;
}

std::string_view CopyCheck::WhyNot(const ReadColumn& column) const {
  std::string_view reason;
  const Status status = CatchParquet([&]() -> Status {
    reason = FindReason(column);
    return Status::OK();
  });
  return status.ok() ? reason : "a form that cannot be read";
}

}  // namespace spillway::parquet
