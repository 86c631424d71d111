// Writes row groups whose unchanged columns are copied: only what keys and expressions need is
// read, only the new columns are encoded.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "parquet/splice_writer.h"
#include "pipeline/piece_writer.h"

namespace spillway::pipeline {

class SplicedPiece {
 public:
  // `context` outlives this object.
  SplicedPiece(const PieceContext& context, int64_t now_micros);

  // Writes the row groups of `piece`. Fails where rows_changed(), and then nothing stays.
  Result<WrittenFiles> Write(const Piece& piece);

  // Whether the rows of a row group did not stay one to one: a key has several lookup rows.
  bool rows_changed() const { return rows_changed_; }

  // Rows that Write told the progress of, as done and as written.
  int64_t rows_encoded() const { return rows_encoded_; }

 private:
  parquet::RowGroupRange RowGroupsOf(const Piece& piece) const;
  Status WriteRowGroup(arrow::RecordBatchReader& rows, const parquet::FileReader& reader,
                       int row_group);
  Status Encode(const arrow::RecordBatch& batch);
  Status OpenFile(const parquet::FileReader& reader, int row_group);
  Status CloseFile();
  bool HasRoom(const parquet::FileReader& reader, int row_group) const;

  const PieceContext& context_;
  const int64_t now_micros_;
  const PinnedFile* file_ = nullptr;  // of the source
  const FileSplice* splice_ = nullptr;
  WrittenFiles written_;
  std::unique_ptr<parquet::SpliceWriter> writer_;
  std::string file_name_;
  bool rows_changed_ = false;
  int64_t rows_encoded_ = 0;  // as told to the progress
  Progress reading_;          // rows that may turn out to be read in vain
};

}  // namespace spillway::pipeline
