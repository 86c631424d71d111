// A Parquet file opened and checked as far as that goes without decoding data: it is there, it is
// as long as it should be, its footer is whole, agrees with itself, and points into the file.
//
// Thread rule: immutable once open; `source` takes reads from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/type_fwd.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "base/status.h"
#include "parquet/field_index.h"

namespace spillway::parquet {

struct DataFile {
  std::string path;
  ::parquet::ReaderProperties properties;
  int64_t file_bytes = 0;
  int64_t footer_bytes = 0;
  std::shared_ptr<arrow::io::RandomAccessFile> source;
  std::shared_ptr<::parquet::FileMetaData> metadata;
  std::shared_ptr<const FieldIndex> fields;  // the top-level ones
  // The same for decoding: without the schema that Arrow's own writers add. A table's schema
  // decides what a column is, and where Arrow's asks for a dictionary, parquet-cpp builds hash
  // tables without looking whether it got the memory.
  std::shared_ptr<::parquet::FileMetaData> decoding_metadata;
};

// How parquet-cpp is to read: from `pool`, through buffers of `buffer_bytes`, with checksums.
::parquet::ReaderProperties MakeReaderProperties(arrow::MemoryPool* pool, int64_t buffer_bytes);

// Opens `path`; arguments and errors as ReadFooter.
Result<DataFile> OpenDataFile(const std::string& path, int64_t expected_size_bytes,
                              ::parquet::ReaderProperties properties);

// Where the first page of a column chunk is, its dictionary's if it has one.
int64_t FirstByte(const ::parquet::ColumnChunkMetaData& chunk);

}  // namespace spillway::parquet
