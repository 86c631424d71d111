#include "parquet/column_tally.h"

#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/utf8.h>
#include <parquet/arrow/reader.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

namespace spillway::parquet {
namespace {

int CountLeaves(const arrow::DataType& type) {
  if (type.num_fields() == 0) return 1;
  int leaves = 0;
  for (const auto& child : type.fields()) leaves += CountLeaves(*child->type());
  return leaves;
}

template <typename Float>
bool HasNaN(const arrow::Array& values) {
  const std::span<const Float> numbers(values.data()->GetValues<Float>(1),
                                       static_cast<size_t>(values.length()));
  bool any = false;
  for (const Float number : numbers) any |= std::isnan(number);
  if (!any || values.null_count() == 0) return any;
  for (int64_t i = 0; i < values.length(); ++i) {  // what stands under a NULL does not count
    if (values.IsValid(i) && std::isnan(numbers[static_cast<size_t>(i)])) return true;
  }
  return false;
}

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

// One leaf's statistics over all row groups. `bounds` is null where the file has no value or the
// bounds are unknown.
struct LeafStatistics {
  int64_t null_count = 0;
  std::shared_ptr<::parquet::Statistics> bounds;
};

Result<LeafStatistics> Gather(const ::parquet::FileMetaData& metadata, int leaf) {
  LeafStatistics result;
  bool unknown = false;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto chunk = metadata.RowGroup(i)->ColumnChunk(leaf);
    const auto statistics = chunk->statistics();
    if (statistics == nullptr || !statistics->HasNullCount()) {
      return Status::Invalid("the footer lacks statistics");
    }
    result.null_count += statistics->null_count();
    if (statistics->HasMinMax()) {
      if (result.bounds == nullptr) {
        result.bounds = statistics;
      } else {
        Merge(*result.bounds, *statistics);
      }
    } else if (statistics->null_count() < chunk->num_values()) {
      unknown = true;
    }
  }
  if (unknown) result.bounds = nullptr;
  return result;
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

// Fills the bounds of `statistics`, or leaves them unknown.
Status FillBounds(const ::parquet::Statistics& bounds, const std::shared_ptr<arrow::DataType>& type,
                  ColumnStatistics& statistics) {
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

}  // namespace

ColumnTally::ColumnTally(const arrow::Schema& schema) {
  int leaf = 0;
  for (const auto& field : schema.fields()) AddColumns(*field, {field->name()}, leaf);
}

void ColumnTally::AddColumns(const arrow::Field& field, std::vector<std::string> path, int& leaf) {
  const auto& type = field.type();
  if (type->id() == arrow::Type::STRUCT) {
    for (const auto& child : type->fields()) {
      std::vector<std::string> child_path = path;
      child_path.push_back(child->name());
      AddColumns(*child, std::move(child_path), leaf);
    }
    return;
  }
  const bool is_leaf = type->num_fields() == 0;
  columns_.push_back({.path = std::move(path), .type = type, .leaf = is_leaf ? leaf : -1});
  leaf += CountLeaves(*type);
}

Status ColumnTally::Add(const arrow::RecordBatch& batch, arrow::MemoryPool* pool) {
  size_t column = 0;
  for (int i = 0; i < batch.num_columns(); ++i) {
    ARROW_RETURN_NOT_OK(Count(*batch.column(i), column, pool));
  }
  num_rows_ += batch.num_rows();
  return Status::OK();
}

Status ColumnTally::Count(const arrow::Array& values, size_t& column, arrow::MemoryPool* pool) {
  if (values.type_id() == arrow::Type::STRUCT) {
    // Flattened, a field is NULL where its struct is.
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector fields,
                          static_cast<const arrow::StructArray&>(values).Flatten(pool));
    for (const auto& field : fields) ARROW_RETURN_NOT_OK(Count(*field, column, pool));
    return Status::OK();
  }
  Column& entry = columns_[column++];
  entry.null_count += values.null_count();
  if (values.type_id() == arrow::Type::FLOAT) entry.has_nan |= HasNaN<float>(values);
  if (values.type_id() == arrow::Type::DOUBLE) entry.has_nan |= HasNaN<double>(values);
  return Status::OK();
}

Result<std::vector<ColumnStatistics>> ColumnTally::Finish(
    const ::parquet::FileMetaData& metadata) const {
  if (metadata.num_rows() != num_rows_) {
    return Status::Invalid("the file has ", metadata.num_rows(), " rows, ", num_rows_,
                           " were written");
  }
  std::vector<ColumnStatistics> all;
  for (const Column& column : columns_) {
    ColumnStatistics statistics{.path = column.path, .null_count = column.null_count};
    if (column.leaf >= 0) {
      ARROW_ASSIGN_OR_RAISE(const LeafStatistics leaf, Gather(metadata, column.leaf));
      if (leaf.null_count != column.null_count) {
        return Status::Invalid(
            "column ", metadata.schema()->Column(column.leaf)->path()->ToDotString(), " has ",
            leaf.null_count, " NULLs in the file, ", column.null_count, " were written");
      }
      if (leaf.bounds != nullptr && !column.has_nan && HasBounds(*column.type)) {
        ARROW_RETURN_NOT_OK(FillBounds(*leaf.bounds, column.type, statistics));
      }
    }
    all.push_back(std::move(statistics));
  }
  return all;
}

}  // namespace spillway::parquet
