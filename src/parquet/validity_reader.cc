#include "parquet/validity_reader.h"

#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <parquet/schema.h>

#include "parquet/page_levels.h"

namespace spillway::parquet {
ValidityReader::ValidityReader(std::unique_ptr<RowLevels> levels, int64_t num_rows,
                               std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
    : levels_(std::move(levels)), rows_left_(num_rows), type_(std::move(type)), pool_(pool) {}

Result<std::unique_ptr<ValidityReader>> ValidityReader::Open(
    const DataFile& file, int row_group, int leaf, std::shared_ptr<arrow::DataType> type) {
  arrow::MemoryPool* const pool = file.properties.memory_pool();
  std::unique_ptr<RowLevels> levels;
  // A repeated column is a list that may be empty, but not NULL.
  if (file.metadata->schema()->GetColumnRoot(leaf)->is_optional()) {
    ARROW_ASSIGN_OR_RAISE(auto pages, PageLevels::Open(file, row_group, leaf, pool));
    levels = std::make_unique<RowLevels>(std::move(pages));
  }
  return std::unique_ptr<ValidityReader>(new ValidityReader(
      std::move(levels), file.metadata->RowGroup(row_group)->num_rows(), std::move(type), pool));
}

Result<std::shared_ptr<arrow::Array>> ValidityReader::Next(int64_t rows) {
  if (all_null_ == nullptr || all_null_->length < rows) {
    ARROW_ASSIGN_OR_RAISE(const auto nulls, arrow::MakeArrayOfNull(type_, rows, pool_));
    all_null_ = nulls->data();
  }
  const std::shared_ptr<arrow::ArrayData> next = all_null_->Slice(0, rows);
  if (levels_ == nullptr) {
    next->buffers[0] = nullptr;
    next->null_count = 0;
  } else {
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
