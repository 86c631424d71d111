// Encodes record batches with parquet-cpp, as column chunks at the end of a sink: the part of
// writing that a plain file and a spliced one share. The open row group is held encoded in memory
// until it ends.
//
// Thread rule: one thread at a time. Functions fail with uncoded statuses and throw what
// parquet-cpp throws; their callers code both (throw_boundary.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <parquet/metadata.h>

#include "base/status.h"
#include "parquet/column_statistics.h"
#include "parquet/column_tally.h"
#include "parquet/row_group_file.h"
#include "parquet/small_block_pool.h"
#include "parquet/writer.h"

namespace spillway::parquet {

class BatchEncoder {
 public:
  // `schema` passed WritableSchema; limits of row groups are those of `options`.
  BatchEncoder(std::shared_ptr<arrow::Schema> schema, WriteOptions options);

  // Writes the file's magic number to `sink`, which outlives this object.
  Status Start(const std::shared_ptr<arrow::io::OutputStream>& sink);

  // Appends the rows of `batch`; the row group before it ends where it is full.
  Status Write(const arrow::RecordBatch& batch);

  // Writes the open row group to the sink, if there is one; the next Write starts another.
  Status EndRowGroup();

  // Ends the last row group, and writes page indexes and footer to the sink.
  Status Finish();

  // After Finish.
  const std::shared_ptr<::parquet::FileMetaData>& metadata() const { return metadata_; }
  Result<std::vector<ColumnStatistics>> Statistics() const { return tally_.Finish(*metadata_); }

  // Lets go of the writer, which writes to its sink as it closes what is open.
  void Abandon();

  int64_t rows_written() const { return rows_written_; }
  int64_t row_groups_written() const { return row_groups_written_; }
  int64_t buffered_bytes() const { return row_group_.buffered_bytes(); }
  bool is_open() const { return writer_ != nullptr; }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const WriteOptions options_;
  SmallBlockPool pool_;  // outlives the writer, whose buffers are its
  ColumnTally tally_;
  int64_t rows_written_ = 0;
  int64_t row_groups_written_ = 0;
  OpenRowGroup row_group_;
  std::shared_ptr<::parquet::FileMetaData> metadata_;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;  // goes first: it writes to the others
};

// Whether `columns` can be written under `schema`: they have its types, or may be dictionaries of
// them and are.
bool FitsSchema(const arrow::ArrayVector& columns, const arrow::Schema& schema);

// Fails with kValueOutOfRange where a codec of `options` is not available.
Status CheckCodecs(const WriteOptions& options);

inline constexpr char kCreatedBy[] = "spillway version " SPILLWAY_VERSION;

}  // namespace spillway::parquet
