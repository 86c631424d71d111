#include "parquet/footer_statistics.h"

#include <string_view>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/utf8.h>
#include <parquet/arrow/reader.h>

#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

template <typename Type>
void MergeInto(::parquet::Statistics& sum, const ::parquet::Statistics& more) {
  static_cast<::parquet::TypedStatistics<Type>&>(sum).Merge(
      static_cast<const ::parquet::TypedStatistics<Type>&>(more));
}

void Merge(::parquet::Statistics& sum, const ::parquet::Statistics& more) {
  switch (sum.physical_type()) {
    case ::parquet::Type::BOOLEAN:
      return MergeInto<::parquet::BooleanType>(sum, more);
    case ::parquet::Type::INT32:
      return MergeInto<::parquet::Int32Type>(sum, more);
    case ::parquet::Type::INT64:
      return MergeInto<::parquet::Int64Type>(sum, more);
    case ::parquet::Type::FLOAT:
      return MergeInto<::parquet::FloatType>(sum, more);
    case ::parquet::Type::DOUBLE:
      return MergeInto<::parquet::DoubleType>(sum, more);
    case ::parquet::Type::BYTE_ARRAY:
      return MergeInto<::parquet::ByteArrayType>(sum, more);
    default:
      return MergeInto<::parquet::FLBAType>(sum, more);
  }
}

bool HasBounds(const arrow::DataType& type) {
  return type.id() != arrow::Type::BINARY && type.id() != arrow::Type::LARGE_BINARY;
}

bool IsText(const arrow::Scalar& scalar) {
  if (!arrow::is_string(scalar.type->id())) return true;
  const std::string_view text = static_cast<const arrow::BaseBinaryScalar&>(scalar).view();
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(text);
}

}  // namespace

int CountLeaves(const arrow::DataType& type) {
  if (type.num_fields() == 0) return 1;
  int leaves = 0;
  for (const auto& child : type.fields()) leaves += CountLeaves(*child->type());
  return leaves;
}

std::shared_ptr<::parquet::Statistics> ReadableStatistics(
    const ::parquet::ColumnChunkMetaData& chunk) {
  std::shared_ptr<::parquet::Statistics> statistics;
  const Status status = CatchParquet([&]() -> Status {
    statistics = chunk.statistics();
    return Status::OK();
  });
  if (status.IsOutOfMemory()) throw ::parquet::ParquetStatusException(status);
  if (!status.ok() || statistics == nullptr) return nullptr;
  const bool can_be =
      !statistics->HasNullCount() ||
      (statistics->null_count() >= 0 && statistics->null_count() <= chunk.num_values());
  return can_be ? statistics : nullptr;
}

bool HasTypesOrder(const ::parquet::Statistics& statistics) {
  const ::parquet::ColumnDescriptor& leaf = *statistics.descr();
  switch (leaf.column_order().get_order()) {
    case ::parquet::ColumnOrder::TYPE_DEFINED_ORDER:
      return true;
    case ::parquet::ColumnOrder::UNDEFINED:
      return leaf.sort_order() == ::parquet::SortOrder::SIGNED &&
             !leaf.logical_type()->is_decimal() &&
             leaf.physical_type() != ::parquet::Type::BYTE_ARRAY &&
             leaf.physical_type() != ::parquet::Type::FIXED_LEN_BYTE_ARRAY;
    default:
      return false;
  }
}

::parquet::EncodedStatistics CopiedStatistics(const ::parquet::ColumnChunkMetaData& chunk,
                                              int64_t null_count) {
  ::parquet::EncodedStatistics copied;
  const auto statistics = ReadableStatistics(chunk);
  const bool agrees = statistics != nullptr &&
                      (!statistics->HasNullCount() || statistics->null_count() == null_count);
  if (agrees) copied = *chunk.encoded_statistics();
  if (agrees && !HasTypesOrder(*statistics)) {
    copied.ClearMinMax();
    copied.is_min_value_exact = copied.is_max_value_exact = std::nullopt;
  }
  copied.set_null_count(null_count);
  return copied;
}

LeafStatistics GatherLeaf(const ::parquet::FileMetaData& metadata, int leaf) {
  LeafStatistics result;
  bool unknown = false;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto chunk = metadata.RowGroup(i)->ColumnChunk(leaf);
    const auto statistics = ReadableStatistics(*chunk);
    const bool has_count = statistics != nullptr && statistics->HasNullCount();
    if (!has_count || result.null_count == kUnknownCount) {
      result.null_count = kUnknownCount;
    } else {
      result.null_count += statistics->null_count();
    }
    if (statistics != nullptr && statistics->HasMinMax()) {
      if (result.bounds == nullptr) {
        result.bounds = statistics;
      } else {
        Merge(*result.bounds, *statistics);
      }
    } else if (!has_count || statistics->null_count() < chunk->num_values()) {
      unknown = true;
    }
  }
  if (unknown) result.bounds = nullptr;
  return result;
}

Status FillBounds(const ::parquet::Statistics& bounds, const std::shared_ptr<arrow::DataType>& type,
                  ColumnStatistics& statistics) {
  if (!HasBounds(*type)) return Status::OK();
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
  ARROW_RETURN_NOT_OK(::parquet::arrow::StatisticsAsScalars(bounds, &minimum, &maximum));
  if (!IsText(*minimum) || !IsText(*maximum)) return Status::OK();
  if (!minimum->type->Equals(*type)) {
    ARROW_ASSIGN_OR_RAISE(minimum, minimum->CastTo(type));
    ARROW_ASSIGN_OR_RAISE(maximum, maximum->CastTo(type));
  }
  statistics.minimum = std::move(minimum);
  statistics.maximum = std::move(maximum);
  return Status::OK();
}

Status AddCopiedStatistics(const arrow::Field& field, std::vector<std::string> path,
                           const ::parquet::FileMetaData& metadata, int leaf,
                           std::vector<ColumnStatistics>& all) {
  const auto& type = field.type();
  if (type->id() == arrow::Type::STRUCT) {
    for (const auto& child : type->fields()) {
      std::vector<std::string> child_path = path;
      child_path.push_back(child->name());
      ARROW_RETURN_NOT_OK(AddCopiedStatistics(*child, std::move(child_path), metadata, leaf, all));
      leaf += CountLeaves(*child->type());
    }
    return Status::OK();
  }
  ColumnStatistics statistics{.path = std::move(path), .null_count = kUnknownCount};
  if (type->num_fields() == 0) {
    const LeafStatistics known = GatherLeaf(metadata, leaf);
    statistics.null_count = known.null_count;
    if (known.bounds != nullptr && !arrow::is_floating(type->id())) {
      const Status filled = FillBounds(*known.bounds, type, statistics);
      if (filled.IsOutOfMemory()) return filled;
    }
  }
  all.push_back(std::move(statistics));
  return Status::OK();
}

}  // namespace spillway::parquet
