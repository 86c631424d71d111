// Reads which rows of a column are NULL, and nothing else of it: from the definition levels of one
// leaf column, which stand at the start of each of its data pages. Values are neither read nor
// decompressed. What the footer's statistics say of NULLs does not count: there are writers that
// count them wrong, and the levels of a column without NULLs are a few bytes of each page.
//
// What is read this way is checked less than whole pages are: a page's checksum covers all of its
// bytes, and damage in values is not seen at all. That each page has as many levels as it claims,
// and all pages together the rows of the row group, is checked.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "parquet/data_file.h"
#include "parquet/row_levels.h"

namespace spillway::parquet {

class ValidityReader {
 public:
  // Reads the top-level column above leaf column `leaf`, in one row group of `file`. The arrays
  // will be of `type`, whatever the file has.
  static Result<std::unique_ptr<ValidityReader>> Open(const DataFile& file, int row_group, int leaf,
                                                      std::shared_ptr<arrow::DataType> type);

  // The next rows, of which the row group has so many left. Only their validity means something:
  // where they are not NULL, numbers are 0, strings, lists and maps empty, and all fields of a
  // struct NULL. (It is an array of NULLs under another validity; such arrays share one block of
  // zeros, so that a row takes a bit.)
  //
  // Fails with an uncoded status, or throws as parquet-cpp does, where pages are damaged or hold
  // fewer or more rows than the row group.
  Result<std::shared_ptr<arrow::Array>> Next(int64_t rows);

 private:
  ValidityReader(std::unique_ptr<RowLevels> levels, int64_t num_rows,
                 std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool);
  Status ReadLevels(arrow::ArrayData& rows);

  const std::unique_ptr<RowLevels> levels_;  // null where the column has no NULL by its schema
  int64_t rows_left_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::ArrayData> all_null_;  // as long as the longest array so far
};

}  // namespace spillway::parquet
