// The levels of a column chunk, which stand at the start of each of its data pages. Values are
// neither read nor decompressed.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <arrow/memory_pool.h>
#include <parquet/column_reader.h>

#include "base/status.h"
#include "parquet/data_file.h"
#include "parquet/data_pages.h"

namespace spillway::parquet {

class PageLevels {
 public:
  static constexpr int kBatchLevels = 1024;  // decoded at a time
  using Levels = std::array<int16_t, kBatchLevels>;

  // For a column chunk of `num_values` values in `pages`, of a leaf that has the greatest levels
  // given, the definition level at least 1.
  PageLevels(DataPages pages, int16_t max_definition_level, int16_t max_repetition_level,
             int64_t num_values);

  // Those of leaf column `leaf` in row group `row_group`.
  static Result<std::unique_ptr<PageLevels>> Open(const DataFile& file, int row_group, int leaf,
                                                  arrow::MemoryPool* pool);

  // Decodes the next levels, and returns how many: none at the end. Repetition levels are decoded
  // where they are asked for (not null) and the leaf has any. Fails with an uncoded status, or
  // throws as parquet-cpp does, where pages are damaged or have other values than the chunk.
  Result<int> Next(Levels* definition, Levels* repetition);

  // How many of the values that are left are not NULL. Fails as Next does.
  Result<int64_t> CountValid();

  bool is_repeated() const { return max_repetition_level_ > 0; }

 private:
  Result<bool> FindPage();
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
  ::parquet::LevelDecoder definition_;
  ::parquet::LevelDecoder repetition_;
};

}  // namespace spillway::parquet
