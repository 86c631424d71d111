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
  // Of all row groups, or of some that follow each other, from ordinal `first_row` of the file on;
  // without the schema that Arrow's own writers add.
  std::shared_ptr<::parquet::FileMetaData> metadata;
  int64_t first_row = 0;
  std::shared_ptr<const FieldIndex> fields;  // the top-level ones
};

inline constexpr int64_t kFooterTailBytes = 8;  // behind it: its length, 4 bytes, and the magic

// How parquet-cpp is to read: from `pool`, through buffers of `buffer_bytes`, with checksums.
::parquet::ReaderProperties MakeReaderProperties(arrow::MemoryPool* pool, int64_t buffer_bytes);

// Opens `path` with all its row groups; arguments and errors as ReadFooter.
Result<DataFile> OpenDataFile(const std::string& path, int64_t expected_size_bytes,
                              ::parquet::ReaderProperties properties);

// A footer is untrusted: whoever plans or reads by it relies on what is checked here, of each row
// group that `file` has.
Status CheckRowGroups(const DataFile& file);

// kCorruptDataFile and kUnsupportedFeature.
Status Damaged(const std::string& path, std::string why);
Status Unsupported(const std::string& path, std::string what);

// Where the first page of a column chunk is, its dictionary's if it has one.
int64_t FirstByte(const ::parquet::ColumnChunkMetaData& chunk);

}  // namespace spillway::parquet
