#include "parquet/column_tally.h"

#include <cmath>
#include <span>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/schema.h>

#include "parquet/footer_statistics.h"

namespace spillway::parquet {
namespace {

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
  // A NaN of a dictionary counts although no row may have it.
  const bool is_dictionary = values.type_id() == arrow::Type::DICTIONARY;
  const arrow::Array& numbers =
      is_dictionary ? *static_cast<const arrow::DictionaryArray&>(values).dictionary() : values;
  if (numbers.type_id() == arrow::Type::FLOAT) entry.has_nan |= HasNaN<float>(numbers);
  if (numbers.type_id() == arrow::Type::DOUBLE) entry.has_nan |= HasNaN<double>(numbers);
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
      const LeafStatistics leaf = GatherLeaf(metadata, column.leaf);
      if (leaf.null_count != column.null_count) {
        return Status::Invalid(
            "column ", metadata.schema()->Column(column.leaf)->path()->ToDotString(), " has ",
            leaf.null_count, " NULLs in the file, ", column.null_count, " were written");
      }
      if (leaf.bounds != nullptr && !column.has_nan) {
        ARROW_RETURN_NOT_OK(FillBounds(*leaf.bounds, column.type, statistics));
      }
    }
    all.push_back(std::move(statistics));
  }
  return all;
}

}  // namespace spillway::parquet
