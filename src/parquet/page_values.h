// The values of a column chunk's open page, without its NULLs: how they are gathered, encoded and
// summed up in statistics. Values are dictionary indices (RLE_DICTIONARY) until the dictionary does
// not pay, and then PLAIN.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include "base/status.h"

namespace spillway::parquet {

struct EncodedValues {
  ::parquet::Encoding::type encoding = ::parquet::Encoding::PLAIN;
  ::parquet::EncodedStatistics statistics;
  std::optional<int64_t> byte_array_bytes;  // BYTE_ARRAY: the values' bytes without their lengths
};

struct EncodedDictionary {
  std::shared_ptr<arrow::Buffer> values;  // PLAIN
  int32_t count = 0;
};

class PageValues {
 public:
  // Whether a column of this leaf can be gathered: a top-level one of booleans, integers, dates,
  // timestamps, floating-point numbers, texts or binaries.
  static bool Serves(const ::parquet::ColumnDescriptor& leaf);

  // For a leaf that is served. No dictionary is larger than `dictionary_bytes` by more than what
  // one Append brings; 0 is none at all.
  static std::unique_ptr<PageValues> Make(const ::parquet::ColumnDescriptor& leaf,
                                          int64_t dictionary_bytes, arrow::MemoryPool* pool);

  virtual ~PageValues() = default;

  // How many of the rows [first, first + most) have at most `bytes` bytes of PLAIN values. Rows are
  // of a column of the leaf's type or, but for booleans, of a dictionary of it; on those of another
  // type this or Append fails with Invalid.
  virtual Result<int64_t> RowsWithin(const arrow::ArrayData& rows, int64_t first, int64_t most,
                                     int64_t bytes) = 0;

  // Appends the rows [first, first + count), of which `nulls` are NULL. RowsWithin was asked of
  // them.
  virtual Status Append(const arrow::ArrayData& rows, int64_t first, int64_t count,
                        int64_t nulls) = 0;

  // Of the open page, encoded as it stands, and of the dictionary.
  virtual int64_t page_bytes() const = 0;
  virtual int64_t dictionary_bytes() const = 0;

  // Whether the page must end, because the dictionary is full.
  virtual bool is_full() const = 0;

  // Appends the page's values to `out` and starts another page. `nulls` are the page's NULLs,
  // `is_last` says that no other page will follow.
  virtual Result<EncodedValues> EndPage(int64_t nulls, bool is_last, arrow::BufferBuilder* out) = 0;

  // After the last page: of the whole chunk.
  virtual ::parquet::EncodedStatistics Statistics() const = 0;
  virtual Result<std::optional<EncodedDictionary>> FinishDictionary() = 0;
};

}  // namespace spillway::parquet
