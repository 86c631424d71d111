// A parquet::ParquetFileWriter whose row groups are held encoded until they end, as parquet-cpp's
// own buffered ones, for its Arrow writer to go on top. Two things are different: columns without
// structure are written by FlatColumnWriter, and the owner sees the row group that is open; only
// there is it known how many bytes a row group has so far, encoded and compressed.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/io/interfaces.h>
#include <parquet/file_writer.h>

namespace spillway::parquet {

// The open row group of a writer: it belongs to the writer, and is null before the first one.
struct OpenRowGroup {
  ::parquet::RowGroupWriter* writer = nullptr;

  int64_t num_rows() const { return writer == nullptr ? 0 : writer->num_rows(); }

  // Pages already compressed, and values not yet made into pages at their encoded size.
  int64_t buffered_bytes() const;

  // Whether to close it before `next_bytes` more are added: it has `limit_bytes`, or its buffers
  // could take more than twice that.
  bool IsFull(int64_t limit_bytes, int64_t next_bytes) const;
};

// Opens a writer of buffered row groups and no others. It throws as parquet-cpp's does, has page
// indexes, and encrypts nothing. `row_group`, which must outlive the writer, follows it.
std::unique_ptr<::parquet::ParquetFileWriter> OpenRowGroupFile(
    std::shared_ptr<arrow::io::OutputStream> sink,
    std::shared_ptr<::parquet::schema::GroupNode> schema,
    std::shared_ptr<::parquet::WriterProperties> properties, OpenRowGroup* row_group);

}  // namespace spillway::parquet
