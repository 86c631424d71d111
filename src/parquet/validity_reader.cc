#include "parquet/validity_reader.h"

#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include "parquet/data_pages.h"

namespace spillway::parquet {
namespace {

using Nulls = ValidityReader::Nulls;

// What schema and statistics tell of the nulls of a top-level column.
Nulls FindNulls(const ::parquet::schema::Node& column,
                const ::parquet::ColumnChunkMetaData& chunk) {
  if (!column.is_optional()) return Nulls::kNone;  // a repeated one is a list that may be empty
  if (!column.is_primitive()) return Nulls::kByLevels;
  const auto statistics = chunk.encoded_statistics();
  if (statistics == nullptr || !statistics->has_null_count) return Nulls::kByLevels;
  if (statistics->null_count == 0) return Nulls::kNone;
  return statistics->null_count == chunk.num_values() ? Nulls::kAll : Nulls::kByLevels;
}

Result<std::unique_ptr<RowLevels>> OpenLevels(const DataFile& file,
                                              const ::parquet::ColumnDescriptor& leaf,
                                              const ::parquet::ColumnChunkMetaData& chunk) {
  ARROW_ASSIGN_OR_RAISE(auto pages, DataPages::Make({.source = file.source,
                                                     .first_byte = FirstByte(chunk),
                                                     .bytes = chunk.total_compressed_size(),
                                                     .codec = chunk.compression()},
                                                    file.properties.memory_pool()));
  return std::make_unique<RowLevels>(std::move(pages), leaf.max_definition_level(),
                                     leaf.max_repetition_level(), chunk.num_values());
}

}  // namespace

ValidityReader::ValidityReader(Nulls nulls, std::unique_ptr<RowLevels> levels, int64_t num_rows,
                               std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
    : nulls_(nulls),
      levels_(std::move(levels)),
      rows_left_(num_rows),
      type_(std::move(type)),
      pool_(pool) {}

Result<std::unique_ptr<ValidityReader>> ValidityReader::Open(
    const DataFile& file, int row_group, int leaf, std::shared_ptr<arrow::DataType> type) {
  const auto group = file.metadata->RowGroup(row_group);
  const auto chunk = group->ColumnChunk(leaf);
  const ::parquet::SchemaDescriptor& schema = *file.metadata->schema();
  const Nulls nulls = FindNulls(*schema.GetColumnRoot(leaf), *chunk);
  std::unique_ptr<RowLevels> levels;
  if (nulls == Nulls::kByLevels) {
    ARROW_ASSIGN_OR_RAISE(levels, OpenLevels(file, *schema.Column(leaf), *chunk));
  }
  return std::unique_ptr<ValidityReader>(new ValidityReader(
      nulls, std::move(levels), group->num_rows(), std::move(type), file.properties.memory_pool()));
}

Result<std::shared_ptr<arrow::Array>> ValidityReader::Next(int64_t rows) {
  if (all_null_ == nullptr || all_null_->length < rows) {
    ARROW_ASSIGN_OR_RAISE(const auto nulls, arrow::MakeArrayOfNull(type_, rows, pool_));
    all_null_ = nulls->data();
  }
  const std::shared_ptr<arrow::ArrayData> next = all_null_->Slice(0, rows);
  if (nulls_ == Nulls::kNone) {
    next->buffers[0] = nullptr;
    next->null_count = 0;
  } else if (nulls_ == Nulls::kByLevels) {
    ARROW_RETURN_NOT_OK(ReadLevels(*next));
  }
  rows_left_ -= rows;
  if (rows_left_ == 0 && levels_ != nullptr) ARROW_RETURN_NOT_OK(levels_->CheckEnd());
  return arrow::MakeArray(next);
}

Status ValidityReader::ReadLevels(arrow::ArrayData& rows) {
  ARROW_ASSIGN_OR_RAISE(auto bitmap, arrow::AllocateBitmap(rows.length, pool_));
  ARROW_ASSIGN_OR_RAISE(const int64_t null_count,
                        levels_->Next(rows.length, bitmap->mutable_data()));
  rows.null_count = null_count;
  rows.buffers[0] = null_count == 0 ? nullptr : std::move(bitmap);
  return Status::OK();
}

}  // namespace spillway::parquet
