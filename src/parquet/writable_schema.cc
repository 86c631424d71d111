#include "parquet/writable_schema.h"

#include <string>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"

namespace spillway::parquet {
namespace {

constexpr int kLargestPrecision = 38;

bool IsWritableTimestamp(const arrow::TimestampType& type) {
  return type.unit() == arrow::TimeUnit::MICRO &&
         (type.timezone().empty() || type.timezone() == "UTC");
}

bool IsWritableLeaf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
      return true;
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Type&>(type).precision() <= kLargestPrecision;
    case arrow::Type::TIMESTAMP:
      return IsWritableTimestamp(static_cast<const arrow::TimestampType&>(type));
    default:
      return false;
  }
}

Result<std::shared_ptr<arrow::Field>> WritableField(const arrow::Field& field,
                                                    const std::string& column);

Result<arrow::FieldVector> WritableChildren(const arrow::DataType& type,
                                            const std::string& column) {
  arrow::FieldVector children;
  for (const auto& child : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(auto field,
                          WritableField(*child, fmt::format("{}.{}", column, child->name())));
    children.push_back(std::move(field));
  }
  return children;
}

Result<std::shared_ptr<arrow::DataType>> WritableType(const std::shared_ptr<arrow::DataType>& type,
                                                      const std::string& column) {
  switch (type->id()) {
    case arrow::Type::STRUCT: {
      ARROW_ASSIGN_OR_RAISE(auto fields, WritableChildren(*type, column));
      if (fields.empty()) break;  // Parquet has no group without a field
      return arrow::struct_(fields);
    }
    case arrow::Type::LIST: {
      ARROW_ASSIGN_OR_RAISE(const auto fields, WritableChildren(*type, column));
      return arrow::list(fields.front());
    }
    case arrow::Type::LARGE_LIST: {
      ARROW_ASSIGN_OR_RAISE(const auto fields, WritableChildren(*type, column));
      return arrow::large_list(fields.front());
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      ARROW_ASSIGN_OR_RAISE(const auto fields, WritableChildren(*map.value_type(), column));
      return std::make_shared<arrow::MapType>(fields[0], fields[1], map.keys_sorted());
    }
    default:
      if (IsWritableLeaf(*type)) return type;
  }
  return MakeError(
      {.code = ErrorCode::kUnsupportedType,
       .what = fmt::format("column {} has the type {}, which a Delta table cannot have", column,
                           type->ToString())});
}

Result<std::shared_ptr<arrow::Field>> WritableField(const arrow::Field& field,
                                                    const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(auto type, WritableType(field.type(), column));
  return arrow::field(field.name(), std::move(type), field.nullable());
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> WritableSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(auto writable, WritableField(*field, field->name()));
    fields.push_back(std::move(writable));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace spillway::parquet
