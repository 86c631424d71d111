// Writes a Parquet file of which some columns are copied, byte for byte, out of the row groups of
// other files, and the others are encoded. The file is what a writer of all columns would have
// made: statistics, size statistics, page indexes and bloom filters of copied columns come along,
// with the new offsets.
//
// A row group of the new file has the rows of one row group of a source file. Its encoded columns
// are held in memory until it ends; its copied columns never are.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "parquet/reader.h"
#include "parquet/writer.h"
#include "storage/file_range.h"

namespace spillway::parquet {

struct SpliceOptions {
  WriteOptions write;  // of the encoded columns; its limits of row groups do not count
  int64_t copy_buffer_bytes = 512 * 1024;
  storage::TransferMethod transfer = {};  // storage::FindTransferMethod of source and target
};

// The columns of the new file, in order: copied ones name the column of the source (for which
// FileReader::WhyNotCopied is empty), encoded ones do not.
struct SpliceColumn {
  std::shared_ptr<arrow::Field> field;  // of the new file
  std::optional<ReadColumn> copied_from = {};
};

struct SplicedFile {
  WrittenFile file;
  int64_t copied_bytes = 0;
  int64_t shared_bytes = 0;  // of those; they take no room on the disk
};

class SpliceWriter {
 public:
  // Creates the file. Its copied columns have the form that they have in `source`, row group
  // `row_group`; later sources must have the same (Accepts). Errors as FileWriter::Open.
  static Result<std::unique_ptr<SpliceWriter>> Open(std::string path,
                                                    std::vector<SpliceColumn> columns,
                                                    const FileReader& source, int row_group,
                                                    const SpliceOptions& options);

  // Removes the file unless Close succeeded.
  ~SpliceWriter();

  // Whether the copied columns of this row group can stand beside those that are in the file: the
  // same physical types, repetition and codecs.
  bool Accepts(const FileReader& source, int row_group) const;

  // Appends rows of the encoded columns, which `batch` has in their order and no others. After a
  // failure (as FileWriter::Write) only Abort is allowed.
  Status Write(const arrow::RecordBatch& batch);

  // Begins to copy the other columns of the next row group, which has the rows of row group
  // `row_group` of `source`, at least one, while its rows are written.
  Status StartRowGroup(const FileReader& source, int row_group);

  // Ends the row group: waits until the other columns of the same rows are copied, which begins now
  // if it was not started, out of row group `row_group` of `source`. Fails with kInternal unless as
  // many rows were written as that has, with kStorage or kCorruptDataFile where the source cannot
  // be read, and as Write.
  Status EndRowGroup(const FileReader& source, int row_group);

  // What the file would take if it were closed now, roughly.
  int64_t bytes_written() const;
  int64_t rows_written() const;  // of ended row groups
  int64_t row_groups_written() const;

  // Writes indexes and footer, and makes the file and its name durable. A failure removes the file.
  Result<SplicedFile> Close();

  // Removes the file. It is allowed at any time before Close succeeded, and more than once.
  Status Abort();

 private:
  struct Impl;
  explicit SpliceWriter(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::parquet
