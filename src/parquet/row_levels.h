// The definition levels of a column chunk, row by row: whether the top-level column above its leaf
// is NULL there. Below a list or a map a row has several levels; its first one tells.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstdint>

#include <parquet/column_reader.h>

#include "base/status.h"
#include "parquet/data_pages.h"

namespace spillway::parquet {

class RowLevels {
 public:
  // For a column chunk of `num_values` values in `pages`, of a leaf that has the greatest levels
  // given; the top-level column above it is optional, so its definition level is 1.
  RowLevels(DataPages pages, int16_t max_definition_level, int16_t max_repetition_level,
            int64_t num_values);

  // Sets the first `rows` bits of `bitmap`, 1 where the column is not NULL, for the next rows.
  // Returns how many of them are NULL. Fails with an uncoded status, or throws as parquet-cpp does,
  // where there are not so many rows or pages are damaged.
  Result<int64_t> Next(int64_t rows, uint8_t* bitmap);

  // Fails where a row is left.
  Status CheckEnd();

 private:
  static constexpr int kBatchLevels = 1024;  // decoded at a time
  using Levels = std::array<int16_t, kBatchLevels>;

  Status DecodeRows();
  Status OpenPage();
  Status OpenLevels(const PageHeader& page);
  Status OpenLevelsV2(const PageHeader& page);
  Result<int64_t> StoredBytes(int32_t encoding, int16_t max_level, int64_t num_values,
                              int64_t position);

  DataPages pages_;
  const int16_t max_definition_level_;
  const int16_t max_repetition_level_;
  int64_t values_left_;           // of the pages that are not open yet
  int32_t page_values_left_ = 0;  // of the open one
  bool is_first_ = true;          // nothing is decoded yet
  ::parquet::LevelDecoder definition_;
  ::parquet::LevelDecoder repetition_;

  Levels row_levels_{};  // decoded ahead: one for each row
  int num_rows_ = 0;
  int next_row_ = 0;
};

}  // namespace spillway::parquet
