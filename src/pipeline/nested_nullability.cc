#include "pipeline/nested_nullability.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

namespace spillway::pipeline {
namespace {

using ArrayDataPointer = std::shared_ptr<arrow::ArrayData>;

std::shared_ptr<arrow::Field> Nullable(const arrow::Field& field);

std::shared_ptr<arrow::DataType> WithNullableFields(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(Nullable(*field));
      return arrow::struct_(fields);
    }
    case arrow::Type::LIST:
      return arrow::list(Nullable(*type->field(0)));
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      const auto key = map.key_field()->WithType(WithNullableFields(map.key_type()));
      return std::make_shared<arrow::MapType>(key, Nullable(*map.item_field()), map.keys_sorted());
    }
    default:
      return type;
  }
}

std::shared_ptr<arrow::Field> Nullable(const arrow::Field& field) {
  return field.WithType(WithNullableFields(field.type()))->WithNullable(true);
}

ArrayDataPointer Relabelled(const ArrayDataPointer& data,
                            const std::shared_ptr<arrow::DataType>& type) {
  if (data->type->Equals(*type)) return data;
  ArrayDataPointer relabelled = data->Copy();
  relabelled->type = type;
  for (size_t i = 0; i < data->child_data.size(); ++i) {
    const auto& child_type = type->field(static_cast<int>(i))->type();
    relabelled->child_data[i] = Relabelled(data->child_data[i], child_type);
  }
  return relabelled;
}

}  // namespace

std::shared_ptr<arrow::Schema> AllNullable(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(Nullable(*field));
  return arrow::schema(std::move(fields));
}

bool Holds(const arrow::Field& stored, const arrow::Field& wanted) {
  if (wanted.nullable() && !stored.nullable()) return false;
  const arrow::DataType& type = *stored.type();
  const arrow::DataType& wanted_type = *wanted.type();
  if (type.Equals(wanted_type)) return true;
  if (type.id() != wanted_type.id() || type.num_fields() != wanted_type.num_fields()) return false;
  if (type.num_fields() == 0) return false;
  // Only a struct's fields have names that mean something.
  const bool has_names = type.id() == arrow::Type::STRUCT;
  return std::ranges::equal(
      type.fields(), wanted_type.fields(), [has_names](const auto& field, const auto& other) {
        return (!has_names || field->name() == other->name()) && Holds(*field, *other);
      });
}

std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::Array>& array,
                                      const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  return arrow::MakeArray(Relabelled(array->data(), type));
}

}  // namespace spillway::pipeline
