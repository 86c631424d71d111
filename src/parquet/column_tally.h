// Counts, while rows are written, what a Parquet footer does not tell a Delta log: how many rows of
// a list or map are NULL, and whether a floating-point column has a NaN (Parquet leaves NaN out of
// its minimum and maximum; for Spark it is the greatest value). After the file is closed, the
// counts and the footer together are the file's statistics.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>
#include <parquet/metadata.h>

#include "base/status.h"
#include "parquet/column_statistics.h"

namespace spillway::parquet {

class ColumnTally {
 public:
  explicit ColumnTally(const arrow::Schema& schema);

  // Counts the rows of `batch`. Allocates validity bitmaps from `pool` for fields of structs.
  Status Add(const arrow::RecordBatch& batch, arrow::MemoryPool* pool);

  // The statistics of the file whose footer is `metadata` and whose rows were all added. Throws
  // what parquet-cpp throws. Fails with an uncoded Invalid status if the footer's counts are not
  // ours: then the file does not hold the rows that were written.
  Result<std::vector<ColumnStatistics>> Finish(const ::parquet::FileMetaData& metadata) const;

 private:
  struct Column {
    std::vector<std::string> path;
    std::shared_ptr<arrow::DataType> type;
    int leaf = -1;  // in the file; -1 for a list or map
    int64_t null_count = 0;
    bool has_nan = false;
  };

  void AddColumns(const arrow::Field& field, std::vector<std::string> path, int& leaf);
  Status Count(const arrow::Array& values, size_t& column, arrow::MemoryPool* pool);

  std::vector<Column> columns_;  // depth first
  int64_t num_rows_ = 0;
};

}  // namespace spillway::parquet
