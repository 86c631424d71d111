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
#include "pipeline/written_files.h"

namespace spillway::pipeline {

// Whose a data file is: a pipeline's, and one of its runs'.
struct FileOwner {
  std::string pipeline;
  std::string app_id;
};

// What the names of an attempt's data files have in common, and no other file's: a UUID, random but
// for its beginning, which the owner gives.
std::string NewFileTag(const FileOwner& owner);

// Whether the data file `path` has a name that the owner gave it; of any run of the pipeline where
// the app id is empty.
bool IsFileOf(const std::string& path, const FileOwner& owner);

// The tag in the name of a data file that NewDataFileName gave.
std::string FileTagIn(const std::string& name);

// A name for a new data file, the n-th of its writer, in Spark's form:
// part-00000-<tag>-c000.snappy.parquet. No name is given twice.
std::string NewDataFileName(size_t number, const std::string& tag, arrow::Compression::type codec);

// What a commit says of a file that was written.
delta::AddedFile DescribeFile(const parquet::WrittenFile& written, std::string name);

struct TableWriterOptions {
  std::string table_path;  // absolute; the folder exists
  parquet::WriteOptions parquet;
  int64_t target_file_bytes = 256 * 1024 * 1024;
  std::optional<int64_t> max_records_per_file;
  size_t first_file_number = 0;  // in the files' names, whose order is that of the rows
  std::string file_tag = {};     // as NewFileTag gives it; empty: one of the writer's own
};

class TableWriter {
 public:
  TableWriter(std::shared_ptr<arrow::Schema> schema, TableWriterOptions options);

  // Appends the rows of `batch`, whose columns have the schema's types. Errors: those of
  // parquet::FileWriter.
  Status Write(const arrow::RecordBatch& batch);

  // Closes the last file. Returns the files; none for no rows.
  Result<WrittenFiles> Finish();

  int64_t rows_written() const { return files_.rows; }

 private:
  Status OpenFile();
  Status CloseFile();
  int64_t RoomInFile(int64_t rows) const;

  const std::shared_ptr<arrow::Schema> schema_;
  const TableWriterOptions options_;
  const std::string file_tag_;
  std::unique_ptr<parquet::FileWriter> file_;
  std::string file_name_;
  WrittenFiles files_;
};

}  // namespace spillway::pipeline
