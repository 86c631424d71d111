// The definition levels of a column chunk, row by row: whether the top-level column above its leaf
// is NULL there. Below a list or a map a row has several levels; its first one tells.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "parquet/page_levels.h"

namespace spillway::parquet {

class RowLevels {
 public:
  // For a leaf whose top-level column is optional, so that its definition level is 1.
  explicit RowLevels(std::unique_ptr<PageLevels> levels);

  // Sets the first `rows` bits of `bitmap`, 1 where the column is not NULL, for the next rows.
  // Returns how many of them are NULL. Fails with an uncoded status, or throws as parquet-cpp does,
  // where there are not so many rows or pages are damaged.
  Result<int64_t> Next(int64_t rows, uint8_t* bitmap);

  // Fails where a row is left.
  Status CheckEnd();

 private:
  Status DecodeRows();

  const std::unique_ptr<PageLevels> levels_;
  bool is_first_ = true;  // nothing is decoded yet

  PageLevels::Levels row_levels_{};  // decoded ahead: one for each row
  int num_rows_ = 0;
  int next_row_ = 0;
};

}  // namespace spillway::parquet
