// A payload column of a lookup by itself, stored so that any rows can be fetched.
//
// Thread rule: one thread appends and finishes; after that, any number may gather.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

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

// What an estimate has to know of a column. `value_bytes` is the upper bound of all rows' value
// bytes for utf8 and binary, and of the Arrow buffers' bytes for nested types; unused for others.
struct ColumnSize {
  std::shared_ptr<arrow::DataType> type;
  int64_t value_bytes = 0;
  std::optional<ValueSet> values = std::nullopt;  // where they are known
};

// The bytes of a value of a type that PayloadRecords has, 0 for all others.
int RecordWidth(const arrow::DataType& type);

// A column of any other type.
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

}  // namespace spillway::join
