// Writes batches as data files of a Delta table, a new file whenever one is large enough. The files
// are on disk when Finish returns, but no part of the table until somebody commits them.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "delta/transaction.h"
#include "parquet/writer.h"

namespace spillway::pipeline {

struct TableWriterOptions {
  std::string table_path;  // absolute; the folder exists
  parquet::WriteOptions parquet;
  int64_t target_file_bytes = 256 * 1024 * 1024;
  std::optional<int64_t> max_records_per_file;
};

class TableWriter {
 public:
  TableWriter(std::shared_ptr<arrow::Schema> schema, TableWriterOptions options);

  // Removes the files unless Finish succeeded.
  ~TableWriter();
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  // Appends the rows of `batch`, whose columns have the schema's types. Errors: those of
  // parquet::FileWriter.
  Status Write(const arrow::RecordBatch& batch);

  // Closes the last file. Returns what a commit says of the files; none for no rows.
  Result<std::vector<delta::AddedFile>> Finish();

  int64_t rows_written() const { return rows_written_; }

 private:
  Status OpenFile();
  Status CloseFile();
  int64_t RoomInFile(int64_t rows) const;

  const std::shared_ptr<arrow::Schema> schema_;
  const TableWriterOptions options_;
  std::unique_ptr<parquet::FileWriter> file_;
  std::string file_name_;
  std::vector<delta::AddedFile> files_;
  int64_t rows_written_ = 0;
  bool finished_ = false;
};

}  // namespace spillway::pipeline
