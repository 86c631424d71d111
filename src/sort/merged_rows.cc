#include "sort/merged_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spillway::sort {

MergedRows::MergedRows(const SortState& state, std::unique_ptr<RunMerger> merger,
                       const BatchLimits& limits, arrow::MemoryPool* batch_pool)
    : state_(state),
      merger_(std::move(merger)),
      limits_(limits),
      batch_pool_(batch_pool),
      decoder_(state.format, state.seen_nulls) {}

Result<std::unique_ptr<MergedRows>> MergedRows::Make(const SortState& state,
                                                     std::unique_ptr<RunMerger> merger,
                                                     const BatchLimits& limits,
                                                     arrow::MemoryPool* batch_pool) {
  std::unique_ptr<MergedRows> merged(new MergedRows(state, std::move(merger), limits, batch_pool));
  arrow::MemoryPool* pool = state.options.pool;
  ARROW_ASSIGN_OR_RAISE(merged->rows_, arrow::AllocateResizableBuffer(limits.bytes, pool));
  ARROW_ASSIGN_OR_RAISE(merged->positions_,
                        arrow::AllocateBuffer(limits.rows * int64_t{sizeof(int64_t)}, pool));
  return merged;
}

int64_t MergedRows::EstimateBytes(const BatchLimits& limits) {
  constexpr int64_t kRoundingBytes = 2 * 64;
  return limits.bytes + limits.rows * int64_t{sizeof(int64_t)} + kRoundingBytes;
}

// Whether the next row belongs to the first `source_rows` source rows. Not when done().
bool MergedRows::BeginRow(int64_t source_rows) {
  const int64_t number = merger_->record().number();
  if (number == number_) return true;
  if (source_rows_ == source_rows) return false;
  number_ = number;
  ++source_rows_;
  return true;
}

// Copies the next row: its block is gone when its run goes to the next one.
Status MergedRows::AppendRow() {
  const std::span<const uint8_t> row = merger_->record().row();
  const int64_t end = rows_bytes_ + static_cast<int64_t>(row.size());
  if (end > rows_->size()) ARROW_RETURN_NOT_OK(rows_->Resize(end));
  std::memcpy(rows_->mutable_data() + rows_bytes_, row.data(), row.size());
  reinterpret_cast<int64_t*>(positions_->mutable_data())[num_rows_++] = rows_bytes_;
  rows_bytes_ = end;
  return merger_->Pass();
}

Result<std::shared_ptr<arrow::RecordBatch>> MergedRows::Next(int64_t source_rows) {
  num_rows_ = 0;
  rows_bytes_ = 0;
  while (!done() && num_rows_ < limits_.rows && BeginRow(source_rows)) {
    const auto bytes = static_cast<int64_t>(merger_->record().row().size());
    if (num_rows_ > 0 && rows_bytes_ + bytes > limits_.bytes) break;
    ARROW_RETURN_NOT_OK(AppendRow());
  }
  if (num_rows_ == 0) return nullptr;
  const join::RowPositions rows = {
      .base = rows_->data(),
      .positions = reinterpret_cast<const int64_t*>(positions_->data()),
      .count = num_rows_};
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, decoder_.Decode(rows, batch_pool_));
  return arrow::RecordBatch::Make(state_.options.schema, num_rows_, std::move(columns));
}

Status MergedRows::Skip(int64_t source_rows) {
  while (!done() && BeginRow(source_rows)) ARROW_RETURN_NOT_OK(merger_->Pass());
  return Status::OK();
}

}  // namespace spillway::sort
