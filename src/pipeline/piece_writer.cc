#include "pipeline/piece_writer.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "pipeline/column_mapping.h"
#include "pipeline/silver_reader.h"
#include "pipeline/spliced_piece.h"
#include "pipeline/table_writer.h"
#include "pipeline/write_options.h"

namespace spillway::pipeline {
namespace {

Result<WrittenFiles> WriteDecoded(const PieceContext& context, const Piece& piece,
                                  int64_t now_micros) {
  const RunContext& run = context.run;
  const RunContext decoding{.plan = run.plan,
                            .memory = run.memory,
                            .progress = run.progress,
                            .stop = run.stop,
                            .sizes = run.plan.memory.decode_sizes};
  ExpectationCounts expectations(run.plan.pipeline->expectations.size());
  ARROW_ASSIGN_OR_RAISE(
      const ReaderPointer rows,
      ReadSilver(
          decoding, context.lookups, piece, {now_micros},
          {.derive = {.for_writing = true, .may_fail = true, .expectations = &expectations}}));
  ARROW_ASSIGN_OR_RAISE(WrittenFiles files, WriteRows(decoding, rows.get()));
  files.expectations = std::move(expectations);
  return files;
}

bool IsOutOfBudget(const Status& status) {
  const auto error = FindError(status);
  return error && error->code == ErrorCode::kBudgetExceeded;
}

// What a piece's spliced attempt gave, or none where it is to be decoded.
Result<std::optional<WrittenFiles>> TrySpliced(const PieceContext& context, const Piece& piece,
                                               int64_t now_micros) {
  SplicedPiece spliced(context, now_micros);
  Result<WrittenFiles> files = spliced.Write(piece);
  const bool is_decoded = spliced.rows_changed() || IsOutOfBudget(files.status());
  if (!is_decoded) {
    ARROW_RETURN_NOT_OK(files.status());
    return *std::move(files);
  }
  Progress& progress = *context.run.progress;
  progress.rows_done.fetch_sub(spliced.rows_encoded(), std::memory_order_relaxed);
  progress.rows_written.fetch_sub(spliced.rows_encoded(), std::memory_order_relaxed);
  return std::nullopt;
}

}  // namespace

Result<WrittenFiles> WriteRows(const RunContext& context, arrow::RecordBatchReader* rows) {
  const Plan& plan = context.plan;
  TableWriter writer(plan.file_schema,
                     {.table_path = plan.target.path,
                      .parquet = WriteOptionsFor(plan, context.sizes, context.memory.write_pool()),
                      .target_file_bytes = plan.spec.target.target_file_size_bytes,
                      .max_records_per_file = plan.spec.target.max_records_per_file,
                      .file_tag = plan.file_tag});
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer.Write(*InFiles(*batch, plan.file_schema)));
    context.progress->rows_written.fetch_add(batch->num_rows(), std::memory_order_relaxed);
  }
  return writer.Finish();
}

Result<WrittenFiles> WritePiece(const PieceContext& context, const Piece& piece,
                                int64_t now_micros) {
  std::optional<WrittenFiles> files;
  if (piece.spliced) {
    // Its file and its memory are gone before the piece is decoded.
    ARROW_ASSIGN_OR_RAISE(files, TrySpliced(context, piece, now_micros));
  }
  if (!files) {
    ARROW_ASSIGN_OR_RAISE(files, WriteDecoded(context, piece, now_micros));
  }
  context.lookups.Release(piece);
  return *std::move(files);
}

}  // namespace spillway::pipeline
