#include "join/probe_writer.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/external_join_state.h"
#include "join/key_columns.h"
#include "join/key_hash.h"

namespace spillway::join {

ProbeWriter::ProbeWriter(ExternalJoinState* state, std::unique_ptr<RunWriter> runs)
    : state_(state), runs_(std::move(runs)) {
  for (const KeyField& field : state->format.keys()) key_types_.push_back(field.type);
}

Result<std::unique_ptr<ProbeWriter>> ProbeWriter::Make(ExternalJoinState* state) {
  ARROW_ASSIGN_OR_RAISE(
      auto runs, RunWriter::Make(state->options.directory,
                                 state->WriterOptions("source-rows", state->num_partitions(),
                                                      state->options.sizes.probe_block_bytes)));
  return std::unique_ptr<ProbeWriter>(new ProbeWriter(state, std::move(runs)));
}

int64_t ProbeWriter::EstimateBytes(uint32_t partitions, int64_t block_bytes, int64_t write_bytes,
                                   bool compress) {
  return RunWriter::EstimateBytes(partitions, block_bytes, write_bytes, compress);
}

Status ProbeWriter::StartPiece(int64_t piece) {
  if (piece < 0 || piece >= state_->pieces->num_pieces()) {
    return MakeError(
        {.code = ErrorCode::kInternal, .what = fmt::format("the source has no piece {}", piece)});
  }
  EndPiece();
  piece_ = piece;
  runs_->StartRun(piece);
  return Status::OK();
}

void ProbeWriter::EndPiece() {
  if (piece_ >= 0) state_->pieces->SetRows(piece_, piece_rows_);
  piece_rows_ = 0;
}

Status ProbeWriter::Append(const arrow::ArrayVector& keys) {
  ARROW_RETURN_NOT_OK(CheckKeys(keys, key_types_));
  const int64_t rows = keys[0]->length();
  if (piece_rows_ + rows > UINT32_MAX) {
    return Status::CapacityError("a piece of more than 2^32 rows");
  }
  std::vector<const arrow::ArrayData*> parts;
  for (const auto& key : keys) parts.push_back(key->data().get());
  for (int64_t first = 0; first < rows; first += kGroupRows) {
    ARROW_RETURN_NOT_OK(AppendGroup(parts, first, std::min(kGroupRows, rows - first)));
  }
  piece_rows_ += rows;
  return Status::OK();
}

Status ProbeWriter::AppendGroup(const std::vector<const arrow::ArrayData*>& keys, int64_t first,
                                int64_t count) {
  for (size_t part = 0; part < keys.size(); ++part) {
    HashColumn(*keys[part], state_->format.keys()[part].kind, first, count, /*combine=*/part > 0,
               hashes_.data());
  }
  const uint64_t mask = state_->options.hash_mask;
  const int bits = state_->options.sizes.partition_bits;
  const int64_t kept = FindValidKeys(keys, first, count, positions_.data());
  for (int64_t i = 0; i < kept; ++i) {
    const int64_t position = positions_[static_cast<size_t>(i)];
    const uint64_t hash = hashes_[static_cast<size_t>(position - first)] & mask;
    const uint32_t partition = PartitionOf(hash, bits);
    uint8_t* room = runs_->TryExtend(partition, sizeof(SourceRow));
    if (room == nullptr) {
      ARROW_ASSIGN_OR_RAISE(room, runs_->Extend(partition, sizeof(SourceRow)));
    }
    Store(room,
          SourceRow{.hash = TableHash(hash), .row = static_cast<uint32_t>(piece_rows_ + position)});
  }
  return Status::OK();
}

Status ProbeWriter::Finish() {
  EndPiece();
  piece_ = -1;
  ARROW_ASSIGN_OR_RAISE(SpilledRuns runs, runs_->Finish());
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->source_rows.push_back(std::move(runs));
  return Status::OK();
}

}  // namespace spillway::join
