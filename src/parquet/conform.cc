#include "parquet/conform.h"

#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "parquet/value_conversion.h"

namespace spillway::parquet {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;
using ArrayDataPointer = std::shared_ptr<arrow::ArrayData>;

Status NullWhereNoneMayBe(const arrow::Field& field) {
  return Status::Invalid("NULL in ", field.name(), ", which the table declares NOT NULL");
}

// A struct's field that may not be NULL still is where the struct itself is.
Status CheckField(const arrow::Field& field, const arrow::ArrayData& parent,
                  const arrow::Array& child) {
  if (field.nullable() || child.null_count() == 0) return Status::OK();
  for (int64_t i = parent.offset; i < parent.offset + parent.length; ++i) {
    if (child.IsNull(i) && parent.IsValid(i - parent.offset)) return NullWhereNoneMayBe(field);
  }
  return Status::OK();
}

// The fields of one struct array. Children are taken without the parent's offset, which stays with
// the parent.
Result<std::vector<ArrayDataPointer>> ConformFields(const std::vector<ColumnPlan>& plans,
                                                    const arrow::ArrayData& source,
                                                    arrow::MemoryPool* pool) {
  std::vector<ArrayDataPointer> fields;
  for (const ColumnPlan& plan : plans) {
    ArrayPointer field;
    if (plan.position < 0) {
      ARROW_ASSIGN_OR_RAISE(
          field, arrow::MakeArrayOfNull(plan.wanted->type(), source.offset + source.length, pool));
    } else {
      const auto& child = source.child_data[static_cast<size_t>(plan.position)];
      ARROW_ASSIGN_OR_RAISE(field, ConformColumn(plan, arrow::MakeArray(child), pool));
      ARROW_RETURN_NOT_OK(CheckField(*plan.wanted, source, *field));
    }
    fields.push_back(field->data());
  }
  return fields;
}

Result<ArrayPointer> ConformStruct(const ColumnPlan& plan, const arrow::ArrayData& source,
                                   arrow::MemoryPool* pool) {
  ArrayDataPointer data = source.Copy();
  data->type = plan.wanted->type();
  ARROW_ASSIGN_OR_RAISE(data->child_data, ConformFields(plan.children, source, pool));
  return arrow::MakeArray(data);
}

Result<ArrayPointer> ConformList(const ColumnPlan& plan, const ArrayPointer& source,
                                 arrow::MemoryPool* pool) {
  const ColumnPlan& element = plan.children.front();
  ARROW_ASSIGN_OR_RAISE(
      const ArrayPointer values,
      ConformColumn(element, arrow::MakeArray(source->data()->child_data.front()), pool));
  if (!element.wanted->nullable() && values->null_count() > 0) {
    return NullWhereNoneMayBe(*element.wanted);
  }
  ArrayDataPointer data = source->data()->Copy();
  data->type = plan.wanted->type();
  data->child_data = {values->data()};
  return arrow::MakeArray(data);
}

Result<ArrayPointer> ConformMap(const ColumnPlan& plan, const ArrayPointer& source,
                                arrow::MemoryPool* pool) {
  ArrayDataPointer entries = source->data()->child_data.front()->Copy();
  ARROW_ASSIGN_OR_RAISE(entries->child_data, ConformFields(plan.children, *entries, pool));
  entries->type = plan.wanted->type()->field(0)->type();
  ArrayDataPointer data = source->data()->Copy();
  data->type = plan.wanted->type();
  data->child_data = {std::move(entries)};
  return arrow::MakeArray(data);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ConformColumn(const ColumnPlan& plan,
                                                    const std::shared_ptr<arrow::Array>& source,
                                                    arrow::MemoryPool* pool) {
  switch (plan.wanted->type()->id()) {
    case arrow::Type::STRUCT:
      return ConformStruct(plan, *source->data(), pool);
    case arrow::Type::LIST:
      return ConformList(plan, source, pool);
    case arrow::Type::MAP:
      return ConformMap(plan, source, pool);
    default:
      return ConvertValues(source, plan.wanted->type(), pool);
  }
}

}  // namespace spillway::parquet
