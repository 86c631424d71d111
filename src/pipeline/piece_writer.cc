#include "pipeline/piece_writer.h"

#include "base/error.h"
#include "pipeline/spliced_piece.h"
#include "pipeline/table_writer.h"
#include "pipeline/write_options.h"

namespace spillway::pipeline {
namespace {

Result<WrittenFiles> WriteDecoded(const PieceContext& context, const Piece& piece,
                                  int64_t now_micros) {
  const Plan& plan = context.plan;
  const auto rows = ReadSilver(
      plan, context.indexes,
      {.first_ordinal = piece.first_ordinal, .end_ordinal = piece.end_ordinal}, context.memory,
      {now_micros}, context.progress, context.stop, {.for_writing = true});
  TableWriter writer(plan.pipeline->output_schema,
                     {.table_path = plan.target.path,
                      .parquet = WriteOptionsFor(plan, context.memory.write_pool()),
                      .target_file_bytes = plan.spec.target.target_file_size_bytes,
                      .max_records_per_file = plan.spec.target.max_records_per_file});
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer.Write(*batch));
    context.progress->rows_written.fetch_add(batch->num_rows(), std::memory_order_relaxed);
  }
  return writer.Finish();
}

bool IsOutOfBudget(const Status& status) {
  const auto error = FindError(status);
  return error && error->code == ErrorCode::kBudgetExceeded;
}

}  // namespace

Result<WrittenFiles> WritePiece(const PieceContext& context, const Piece& piece,
                                int64_t now_micros) {
  if (piece.spliced) {
    // Its file and its memory are gone before the piece is decoded.
    SplicedPiece spliced(context, now_micros);
    Result<WrittenFiles> files = spliced.Write(piece);
    const bool is_decoded = spliced.rows_changed() || IsOutOfBudget(files.status());
    if (!is_decoded) return files;
    context.progress->rows_done.fetch_sub(spliced.rows_encoded(), std::memory_order_relaxed);
    context.progress->rows_written.fetch_sub(spliced.rows_encoded(), std::memory_order_relaxed);
  }
  return WriteDecoded(context, piece, now_micros);
}

}  // namespace spillway::pipeline
