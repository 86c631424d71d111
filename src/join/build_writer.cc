#include "join/build_writer.h"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/external_join_state.h"
#include "join/key_columns.h"
#include "join/key_hash.h"

namespace spillway::join {

BuildWriter::BuildWriter(ExternalJoinState* state, std::unique_ptr<RunWriter> runs)
    : state_(state),
      runs_(std::move(runs)),
      encoder_(state->format, state->options.pool),
      payload_columns_(
          PayloadColumnsOf(*state->options.lookup_schema, state->options.key_columns)) {}

Result<std::unique_ptr<BuildWriter>> BuildWriter::Make(ExternalJoinState* state) {
  ARROW_ASSIGN_OR_RAISE(
      auto runs, RunWriter::Make(state->options.directory,
                                 state->WriterOptions("lookup-rows", state->num_partitions(),
                                                      state->options.sizes.build_block_bytes)));
  return std::unique_ptr<BuildWriter>(new BuildWriter(state, std::move(runs)));
}

int64_t BuildWriter::EstimateBytes(uint32_t partitions, int64_t block_bytes, int64_t write_bytes,
                                   bool compress) {
  return RunWriter::EstimateBytes(partitions, block_bytes, write_bytes, compress);
}

Status BuildWriter::CheckBatch(const arrow::RecordBatch& batch, int64_t first_row) const {
  const arrow::Schema& schema = *state_->options.lookup_schema;
  bool fits = batch.num_columns() == schema.num_fields();
  for (int i = 0; fits && i < schema.num_fields(); ++i) {
    fits = batch.column_data(i)->type->Equals(*schema.field(i)->type());
  }
  if (!fits) {
    return MakeError({.code = ErrorCode::kInternal,
                      .what = fmt::format("a batch of lookup \"{}\" has other columns than its "
                                          "schema",
                                          state_->options.name)});
  }
  if (first_row < next_row_) {
    return MakeError(
        {.code = ErrorCode::kInternal,
         .what = fmt::format("lookup row {} was appended after row {}", first_row, next_row_ - 1)});
  }
  return Status::OK();
}

Status BuildWriter::Append(const arrow::RecordBatch& batch, int64_t first_row) {
  ARROW_RETURN_NOT_OK(CheckBatch(batch, first_row));
  next_row_ = first_row + batch.num_rows();
  std::vector<const arrow::ArrayData*> keys;
  std::vector<const arrow::ArrayData*> payload;
  for (const int column : state_->options.key_columns) {
    keys.push_back(batch.column_data(column).get());
  }
  for (const int column : payload_columns_) payload.push_back(batch.column_data(column).get());
  encoder_.StartBatch(keys, std::move(payload));
  runs_->StartRun(first_row);
  for (int64_t first = 0; first < batch.num_rows(); first += kGroupRows) {
    const int64_t count = std::min(kGroupRows, batch.num_rows() - first);
    ARROW_RETURN_NOT_OK(AppendGroup(keys, first, count));
  }
  return Status::OK();
}

Status BuildWriter::AppendGroup(const std::vector<const arrow::ArrayData*>& keys, int64_t first,
                                int64_t count) {
  for (size_t part = 0; part < keys.size(); ++part) {
    HashColumn(*keys[part], state_->format.keys()[part].kind, first, count, /*combine=*/part > 0,
               hashes_.data());
  }
  const int64_t kept = FindValidKeys(keys, first, count, positions_.data());
  null_key_rows_ += count - kept;
  ARROW_RETURN_NOT_OK(encoder_.Measure(positions_.data(), kept, sizes_.data()));
  return RouteGroup(first, kept);
}

// Takes room for all rows and then fills it column by column. Before a block ends, the rows that
// have room so far are filled: it may be theirs.
Status BuildWriter::RouteGroup(int64_t first, int64_t count) {
  const uint64_t mask = state_->options.hash_mask;
  const int bits = state_->options.sizes.partition_bits;
  int64_t written = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    const uint64_t hash = hashes_[static_cast<size_t>(positions_[at] - first)] & mask;
    const uint32_t partition = PartitionOf(hash, bits);
    uint8_t* row = runs_->TryExtend(partition, sizes_[at]);
    if (row == nullptr) {
      encoder_.Write(written, i - written, &rows_[static_cast<size_t>(written)]);
      written = i;
      ARROW_ASSIGN_OR_RAISE(row, runs_->Extend(partition, sizes_[at]));
    }
    // By the time at which the columns are written, the row shall be in the cache.
    __builtin_prefetch(row + sizes_[at] - 1, /*rw=*/1);
    Store(row, TableHash(hash));
    rows_[at] = row;
  }
  encoder_.Write(written, count - written, rows_.data() + written);
  return Status::OK();
}

Status BuildWriter::Finish() {
  ARROW_ASSIGN_OR_RAISE(SpilledRuns runs, runs_->Finish());
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->lookup_rows.push_back(std::move(runs));
  state_->null_key_rows += null_key_rows_;
  for (size_t i = 0; i < state_->seen_nulls.size(); ++i) {
    state_->seen_nulls[i] |= encoder_.seen_nulls()[i];
  }
  return Status::OK();
}

}  // namespace spillway::join
