// Reads one column of texts or binaries out of the pages of its column chunk. parquet-cpp reads and
// decompresses the pages and finds the values in them; what is ours is the way from there into an
// Arrow array: parquet-cpp's own takes values one by one into a builder that grows by doubling.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/encoding.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include "base/status.h"

namespace spillway::parquet {

class TextColumnReader {
 public:
  // Rows whose values are found at a time, and the bytes that the places of one take, from the
  // pool.
  static constexpr int kGroupRows = 512;
  static constexpr int64_t kGroupRowBytes = sizeof(::parquet::ByteArray) + sizeof(int16_t);

  // Whether a column of this leaf can be read: a top-level one of byte arrays.
  static bool Serves(const ::parquet::ColumnDescriptor& leaf);

  // For a leaf that is served, which must outlive the reader. `type` is utf8 or binary; texts are
  // not checked for UTF-8.
  TextColumnReader(std::unique_ptr<::parquet::PageReader> pages,
                   const ::parquet::ColumnDescriptor& leaf, std::shared_ptr<arrow::DataType> type,
                   arrow::MemoryPool* pool);

  // The next rows: as many as `rows` (> 0), or those whose bytes are within 2 GiB, at least one.
  // Fails with an uncoded status, or throws as parquet-cpp does, where pages are damaged, or have
  // fewer rows between them.
  Result<std::shared_ptr<arrow::Array>> Next(int64_t rows);

 private:
  using Decoder = ::parquet::TypedDecoder<::parquet::ByteArrayType>;
  struct Column;  // that is being made

  Status FindGroup();
  Status MakeRoomForGroup(int rows);
  Status OpenPage();
  Status OpenDictionary(const ::parquet::DictionaryPage& page);
  Status OpenData(const ::parquet::DataPage& page);
  Result<int64_t> OpenLevels(const ::parquet::DataPage& page);
  Result<Decoder*> DecoderOf(::parquet::Encoding::type encoding);
  int64_t LikelyBytes(int64_t rows) const;
  Result<int> TakeRows(int rows, Column* column);

  const std::unique_ptr<::parquet::PageReader> pages_;
  const ::parquet::ColumnDescriptor& leaf_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* const pool_;

  std::shared_ptr<::parquet::Page> page_;  // open; the values found are in it
  int page_rows_left_ = 0;                 // of those, the rows that are not in the group
  ::parquet::LevelDecoder levels_;
  std::map<::parquet::Encoding::type, std::unique_ptr<Decoder>> decoders_;
  std::unique_ptr<::parquet::DictDecoder<::parquet::ByteArrayType>> dictionary_;
  Decoder* decoder_ = nullptr;  // of the open page

  // The rows found and not taken yet: a level for each where the column may be NULL, and the values
  // of those that are not.
  std::unique_ptr<arrow::Buffer> group_;  // both arrays
  int group_room_ = 0;                    // rows that they are for
  ::parquet::ByteArray* group_values_ = nullptr;
  int16_t* group_levels_ = nullptr;
  int group_rows_ = 0;
  int group_values_found_ = 0;
  int next_row_ = 0;
  int next_value_ = 0;

  double bytes_per_row_ = 0;  // of the last array
};

}  // namespace spillway::parquet
