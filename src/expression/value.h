// Values while an expression is evaluated: columns, or one value that stands for all rows. Readers
// give both as operator[](row) without a branch per row; writers make columns of plain Arrow types.
//
// Thread rule: values are immutable; readers and writers belong to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/util/bit_util.h>

#include "base/status.h"
#include "expression/value_type.h"

namespace spillway::expression {

struct Value {
  std::shared_ptr<arrow::ArrayData> data;
  bool single = false;  // `data` has one slot, the value of every row

  int64_t mask() const { return single ? 0 : -1; }
};

// Eight bits from bit `at` on, the first one lowest.
inline uint8_t EightBits(const uint8_t* bits, int64_t at) {
  const uint8_t* bytes = bits + at / 8;
  const int shift = static_cast<int>(at % 8);
  if (shift == 0) return *bytes;
  return static_cast<uint8_t>((bytes[0] | (bytes[1] << 8)) >> shift);
}

// Says which rows are null.
class Validity {
 public:
  explicit Validity(const Value& value);

  bool IsNull(int64_t row) const {
    if (all_null_) return true;
    return bits_ != nullptr && !arrow::bit_util::GetBit(bits_, offset_ + (row & mask_));
  }
  bool IsValid(int64_t row) const { return !IsNull(row); }
  // A bit for each of the rows [row, row + 8), where there is a value for each row.
  uint8_t EightValid(int64_t row) const {
    if (all_null_) return 0;
    return bits_ == nullptr ? 0xFF : EightBits(bits_, offset_ + row);
  }
  bool may_be_null() const { return all_null_ || bits_ != nullptr; }

 private:
  const uint8_t* bits_ = nullptr;
  int64_t offset_ = 0;
  int64_t mask_ = -1;
  bool all_null_ = false;
};

// Reads values of C type T: integers, floating point, Arrow's 16-byte decimals as __int128.
template <typename T>
class FixedReader {
 public:
  explicit FixedReader(const Value& value)
      : values_(value.data->GetValues<T>(1)), mask_(value.mask()) {}
  T operator[](int64_t row) const { return values_[row & mask_]; }
  bool single() const { return mask_ == 0; }
  const T* values() const { return values_; }

 private:
  const T* values_;
  int64_t mask_;
};

class BooleanReader {
 public:
  explicit BooleanReader(const Value& value)
      : bits_(value.data->buffers[1]->data()), offset_(value.data->offset), mask_(value.mask()) {}
  bool operator[](int64_t row) const {
    return arrow::bit_util::GetBit(bits_, offset_ + (row & mask_));
  }
  // A bit for each of the rows [row, row + 8). Not of a single value.
  uint8_t Eight(int64_t row) const { return EightBits(bits_, offset_ + row); }

 private:
  const uint8_t* bits_;
  int64_t offset_;
  int64_t mask_;
};

// Reads utf8 and binary.
class TextReader {
 public:
  explicit TextReader(const Value& value);
  std::string_view operator[](int64_t row) const {
    const int64_t at = row & mask_;
    return {bytes_ + offsets_[at], static_cast<size_t>(offsets_[at + 1] - offsets_[at])};
  }

 private:
  const int32_t* offsets_;
  const char* bytes_;
  int64_t mask_;
};

// The validity bitmap of a result that is null where any of `arguments` is; nullptr if no row is.
// A single null argument makes all `rows` null.
Result<std::shared_ptr<arrow::Buffer>> MergeValidity(std::span<const Value> arguments, int64_t rows,
                                                     arrow::MemoryPool* pool);

// A column from its parts; `validity` may be nullptr.
Value MakeColumn(const ValueType& type, int64_t rows, std::shared_ptr<arrow::Buffer> validity,
                 std::shared_ptr<arrow::Buffer> values);

// A boolean column from validity and bits.
Value MakeTextColumn(const ValueType& type, int64_t rows, std::shared_ptr<arrow::Buffer> validity,
                     std::shared_ptr<arrow::Buffer> offsets, std::shared_ptr<arrow::Buffer> bytes);

// `rows` nulls of `type`.
Result<Value> MakeNulls(const ValueType& type, int64_t rows, arrow::MemoryPool* pool);

// Builds a column of utf8 or binary row by row. Fails when the bytes pass 2 GiB.
class TextWriter {
 public:
  static Result<TextWriter> Make(int64_t rows, int64_t expected_bytes, arrow::MemoryPool* pool);

  Status Append(std::string_view text);
  // Appends an empty slot, for a null row.
  void AppendNothing() { offsets_[++rows_] = static_cast<int32_t>(size_); }
  Result<Value> Finish(const ValueType& type, std::shared_ptr<arrow::Buffer> validity);

 private:
  TextWriter(std::unique_ptr<arrow::ResizableBuffer> offsets,
             std::unique_ptr<arrow::ResizableBuffer> bytes);
  Status Grow(int64_t needed);

  std::unique_ptr<arrow::ResizableBuffer> offset_buffer_;
  std::unique_ptr<arrow::ResizableBuffer> byte_buffer_;
  int32_t* offsets_;
  int64_t size_ = 0;
  int64_t rows_ = 0;
};

// The value as a column of `rows` rows.
Result<Value> Broadcast(const Value& value, int64_t rows, arrow::MemoryPool* pool);

// A bitmap of `rows` bits, all clear.
Result<std::shared_ptr<arrow::Buffer>> MakeBitmap(int64_t rows, arrow::MemoryPool* pool);

}  // namespace spillway::expression
