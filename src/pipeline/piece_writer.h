// What a lane does: makes the target's rows for a piece of the source, and writes them as data
// files.
//
// Thread rule: thread-safe; several lanes call it at a time, each for its own piece.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"
#include "pipeline/written_files.h"
#include "storage/file_range.h"

namespace spillway::pipeline {

struct PieceContext {
  RunContext run;
  const Lookups& lookups;
  arrow::MemoryPool* encode_pool;         // for the new columns of spliced row groups
  storage::TransferMethod transfer = {};  // of the source's files and the target
};

// Writes the rows of a stream, whose batches have the pipeline's output schema, as data files of
// the target, and counts them as written.
Result<WrittenFiles> WriteRows(const RunContext& context, arrow::RecordBatchReader* rows);

// Writes the rows of `piece`, and releases what the lookups keep for it; `now_micros` is what
// current_timestamp() gives. A piece that splices is decoded all the same where its rows turn out
// not to stay one to one, or its new columns need more memory than there is. Errors are those of
// Run.
Result<WrittenFiles> WritePiece(const PieceContext& context, const Piece& piece,
                                int64_t now_micros);

}  // namespace spillway::pipeline
