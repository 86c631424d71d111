// The payload of all rows of a lookup, column by column, stored so that any rows can be fetched.
//
// Thread rule: one thread appends and finishes; after that, any number may gather.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

// The rows to fetch, -1 for a row of NULLs.
struct GatherRows {
  const int64_t* rows = nullptr;
  int64_t count = 0;
  std::shared_ptr<arrow::Buffer> matched;  // a bit per row, set where it is not -1; null: all are
};

// All different values of a column, or more.
struct ValueSet {
  int64_t count = 0;
  int64_t bytes = 0;
};

class PayloadColumn {
 public:
  static Result<std::unique_ptr<PayloadColumn>> Make(const std::shared_ptr<arrow::DataType>& type,
                                                     arrow::MemoryPool* pool,
                                                     int64_t expected_rows);

  // The most that a column takes at any moment while it is appended to; see ColumnSize.
  static int64_t EstimateBytes(const arrow::DataType& type, int64_t rows, int64_t value_bytes);

  virtual ~PayloadColumn() = default;

  // Appends the rows [first, first + count) of `array`.
  virtual Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                        int64_t count) = 0;
  virtual Status Finish() = 0;
  virtual Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                                       arrow::MemoryPool* pool) const = 0;
  virtual int64_t allocated_bytes() const = 0;
};

// A column of utf8 or binary, each value in full.
std::unique_ptr<PayloadColumn> MakePlainPayload(const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool, int64_t expected_rows);

// All payload columns of a lookup.
struct PayloadStore {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<PayloadColumn>> columns;
};

}  // namespace spillway::join
