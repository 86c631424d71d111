#include "pipeline/column_mapping.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/array_base.h>
#include <arrow/type_traits.h>
#include <arrow/util/key_value_metadata.h>
#include <arrow/util/logging.h>
#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/column_name.h"
#include "parquet/reader.h"
#include "pipeline/column_names.h"
#include "pipeline/nested_nullability.h"

namespace spillway::pipeline {
namespace {

constexpr char kId[] = "delta.columnMapping.id";
constexpr char kPhysicalName[] = "delta.columnMapping.physicalName";

using FieldPointer = std::shared_ptr<arrow::Field>;
using TypePointer = std::shared_ptr<arrow::DataType>;

// `type` with its structs' fields changed, at every depth: change(field, path).
template <typename Change>
TypePointer WithFields(const TypePointer& type, const std::string& path, const Change& change) {
  const auto inside = [&](const FieldPointer& field, std::string_view name) {
    return field->WithType(WithFields(field->type(), fmt::format("{}.{}", path, name), change));
  };
  switch (type->id()) {
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) fields.push_back(change(field, path));
      return arrow::struct_(fields);
    }
    case arrow::Type::LIST:
      return arrow::list(inside(type->field(0), "element"));
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(inside(type->field(0), "element"));
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(inside(map.key_field(), "key"),
                                              inside(map.item_field(), "value"), map.keys_sorted());
    }
    default:
      return type;
  }
}

// A UUID of `run` and the field's path.
std::string PhysicalName(const std::string& run, const std::string& path) {
  const std::string text = run + '\0' + path;
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("col-{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", hash.high64 >> 32U,
                     (hash.high64 >> 16U) & 0xffff, hash.high64 & 0xfff,
                     0x8000 | ((hash.low64 >> 48U) & 0x3fff), hash.low64 & 0xffffffffffff);
}

class Mapper {
 public:
  Mapper(const std::string& run, int64_t last_id) : run_(run), last_id_(last_id) {}

  FieldPointer operator()(const FieldPointer& field, const std::string& above) const {
    const std::string path = fmt::format("{}.{}", above, field->name());
    const std::string id = fmt::format("{}", ++last_id_);
    auto metadata = arrow::key_value_metadata({kId, kPhysicalName}, {id, PhysicalName(run_, path)});
    return field->WithType(WithFields(field->type(), path, *this))->WithMetadata(metadata);
  }

 private:
  const std::string& run_;
  mutable int64_t last_id_;
};

std::string Metadata(const arrow::Field& field, const char* key) {
  if (!field.HasMetadata()) return {};
  return field.metadata()->Get(key).ValueOr("");
}

FieldPointer InFile(const FieldPointer& field, const std::string& above) {
  const std::string name = Metadata(*field, kPhysicalName);
  const std::string id = Metadata(*field, kId);
  const auto metadata =
      id.empty() ? nullptr : arrow::key_value_metadata({parquet::kFieldIdKey}, {id});
  return field->WithName(name.empty() ? field->name() : name)
      ->WithType(WithFields(field->type(), above, InFile))
      ->WithMetadata(metadata);
}

}  // namespace

std::shared_ptr<arrow::Schema> WithMapping(const arrow::Schema& schema, const std::string& run,
                                           int64_t last_id) {
  const Mapper mapper(run, last_id);
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(mapper(field, ""));
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> InFiles(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(InFile(field, ""));
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> InFilesOf(const delta::Snapshot& table,
                                         const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) {
    const auto stored = std::ranges::find_if(table.schema()->fields(), [&](const auto& other) {
      return SameName(other->name(), field->name());
    });
    ARROW_CHECK(stored != table.schema()->fields().end())
        << "a column that the table does not have";
    field = InFile(*stored, "");
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::RecordBatch> InFiles(const arrow::RecordBatch& batch,
                                            const std::shared_ptr<arrow::Schema>& file_schema) {
  arrow::ArrayVector columns = batch.columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!arrow::is_nested(columns[i]->type_id())) continue;
    columns[i] = Relabel(columns[i], file_schema->field(static_cast<int>(i))->type());
  }
  return arrow::RecordBatch::Make(file_schema, batch.num_rows(), std::move(columns));
}

}  // namespace spillway::pipeline
