// Bits of a column, stored: the values of a boolean one, or where any column is not NULL.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/blocks.h"

namespace spillway::join {

class StoredBits {
 public:
  explicit StoredBits(arrow::MemoryPool* pool);

  // Appends the bits [first, first + count) of `bits`, or ones if `bits` is null.
  Status Append(const uint8_t* bits, int64_t first, int64_t count);
  Status Finish() { return blocks_.Finish(); }

  bool operator[](int64_t row) const { return ((*blocks_.At(row / 8) >> (row % 8)) & 1) != 0; }
  int64_t size() const { return size_; }
  int64_t allocated_bytes() const { return blocks_.allocated_bytes(); }
  static int64_t EstimateBytes(int64_t rows);

 private:
  int64_t size_ = 0;
  Blocks blocks_;
};

// Where a column is not NULL. Takes nothing until the first NULL.
class StoredValidity {
 public:
  explicit StoredValidity(arrow::MemoryPool* pool) : bits_(pool) {}

  // Appends the validity of the rows [first, first + count) of `array`.
  Status Append(const arrow::ArrayData& array, int64_t first, int64_t count);
  Status Finish() { return bits_.Finish(); }

  bool has_nulls() const { return bits_.size() > 0; }
  bool IsValid(int64_t row) const { return bits_.size() == 0 || bits_[row]; }
  int64_t allocated_bytes() const { return bits_.allocated_bytes(); }

 private:
  int64_t rows_ = 0;
  StoredBits bits_;
};

}  // namespace spillway::join
