// One part of the key of all rows of a lookup: stored, hashed and compared, without NULLs. Calls
// are per group of rows, so that each type has tight loops of its own.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

class KeyColumn {
 public:
  // `type` passes KindOf.
  static std::unique_ptr<KeyColumn> Make(const std::shared_ptr<arrow::DataType>& type,
                                         arrow::MemoryPool* pool, int64_t expected_rows);

  // The most that a column takes at any moment while it is appended to.
  static int64_t EstimateBytes(const arrow::DataType& type, int64_t rows, int64_t value_bytes);

  virtual ~KeyColumn() = default;

  // Appends the rows [first, first + count) of `array`, none of them NULL.
  virtual Status Append(const arrow::ArrayData& array, int64_t first, int64_t count) = 0;
  virtual Status Finish() = 0;

  // Hashes stored rows as HashColumn does those of an array.
  virtual void Hash(int64_t first, int64_t count, bool combine, uint64_t* hashes) const = 0;

  // Asks for the memory that Compare will read for these stored rows.
  virtual void Prefetch(const int64_t* rows, int64_t count) const = 0;

  // Clears equal[i] unless the value at positions[i] of `array` is that of the stored row rows[i].
  virtual void Compare(const arrow::ArrayData& array, const int64_t* positions, const int64_t* rows,
                       int64_t count, uint8_t* equal) const = 0;

  // Whether two stored rows have one value.
  virtual bool EqualRows(int64_t left, int64_t right) const = 0;

  // The value of a stored row, for a message.
  virtual Result<std::shared_ptr<arrow::Scalar>> ValueOf(int64_t row) const = 0;

  virtual int64_t allocated_bytes() const = 0;
};

}  // namespace spillway::join
