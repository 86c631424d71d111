// A lookup row as a string of bytes, which moves whole through the phases of an external join: to
// the file of its partition, into the partition's hash table, to the file of the source rows that
// it matches, into their batch.
//
//   | link | key: words, lengths | row number | validity | payload: words, lengths | values |
//     4      ..                    0 or 4       ..         ..                        ..
//     `--------------------- fixed_bytes -------------------------------------------'
//
// The link has in each phase what that phase needs: 32 bits of the key's hash, the position of the
// next row of a list, the number of the source row. Values of variable length have one byte of
// length among the words, and their bytes behind them in the order of their columns, the key's
// first; a length of 255 means that the bytes begin with the true length in 4 bytes. Keys have the
// form of key_type.h, in which they are equal exactly when their bytes are.
//
// Thread rule: immutable once made.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/row_bytes.h"
#include "base/status.h"
#include "join/key_type.h"
#include "join/matches.h"

namespace spillway::join {

// A value of variable length.
struct RowValue {
  const uint8_t* bytes;
  int64_t size;
};

inline constexpr uint8_t kLongValue = 255;

// The bytes that a value of `size` takes among the values.
inline int64_t StoredValueBytes(int64_t size) {
  return size < kLongValue ? size : size + static_cast<int64_t>(sizeof(uint32_t));
}

// Reads the value whose length is at `length` and whose bytes are at `*at`, which moves behind it.
inline RowValue ReadValue(const uint8_t* length, const uint8_t** at) {
  int64_t size = *length;
  if (size == kLongValue) {
    size = Load<uint32_t>(*at);
    *at += sizeof(uint32_t);
  }
  const RowValue value = {*at, size};
  *at += size;
  return value;
}

// How a payload column lies in a row.
enum class RowForm {
  kNothing,     // only NULLs: no bytes
  kBit,         // bool: one byte
  kFixed,       // `width` bytes
  kBytes,       // utf8 and binary: a value of variable length
  kLargeBytes,  // the same with 64-bit offsets in Arrow
  kNested,      // nested_value.h: a value of variable length
};

struct KeyField {
  std::shared_ptr<arrow::DataType> type;
  KeyKind kind;
  int32_t offset;  // of the word or of the length
};

struct PayloadField {
  std::shared_ptr<arrow::DataType> type;
  RowForm form;
  int32_t width;   // of kFixed
  int32_t offset;  // of the word or of the length

  bool has_length() const {
    return form == RowForm::kBytes || form == RowForm::kLargeBytes || form == RowForm::kNested;
  }
};

class RowFormat {
 public:
  // The format for keys and payload of these types. kUnsupportedType, with the column's name, for
  // types without a form: dictionaries, unions, views, run-end encoded.
  // The column of the rows' order, if they have one, is binary and comes with the payload.
  static Result<RowFormat> Make(const arrow::Schema& lookup, const std::vector<int>& key_columns,
                                DuplicatePolicy duplicates,
                                std::optional<int> order_column = std::nullopt);

  const std::vector<KeyField>& keys() const { return keys_; }
  const std::vector<PayloadField>& payload() const { return payload_; }
  int32_t fixed_bytes() const { return fixed_bytes_; }
  int32_t validity_offset() const { return validity_offset_; }
  int32_t validity_bytes() const { return (static_cast<int32_t>(payload_.size()) + 7) / 8; }
  // Of the row's number in its batch, which only DuplicatePolicy::kError wants; else -1.
  int32_t row_number_offset() const { return row_number_offset_; }

  // The length of a row in bytes.
  int64_t SizeOf(const uint8_t* row) const {
    return PassValues(row, lengths_.data(), lengths_.size()) - row;
  }

  // Behind the key's values.
  const uint8_t* EndOfKeyValues(const uint8_t* row) const {
    return PassValues(row, lengths_.data(), key_lengths_);
  }

  // Whether two rows have one key.
  bool EqualKeys(const uint8_t* left, const uint8_t* right) const {
    const auto words = static_cast<size_t>(key_end_ - kLinkBytes);
    if (std::memcmp(left + kLinkBytes, right + kLinkBytes, words) != 0) return false;
    if (key_lengths_ == 0) return true;
    const uint8_t* left_values = left + fixed_bytes_;
    const int64_t size = EndOfKeyValues(left) - left_values;
    // The lengths are among the words, but a long value's true one is not.
    if (size != EndOfKeyValues(right) - (right + fixed_bytes_)) return false;
    return std::memcmp(left_values, right + fixed_bytes_, static_cast<size_t>(size)) == 0;
  }

  // Which of payload() is the rows' order.
  std::optional<size_t> order() const { return order_; }

  // Compares the places of two rows in their order, as TakesPlace wants it.
  int CompareOrder(const uint8_t* left, const uint8_t* right) const {
    if (!order_) return 0;
    return OrderOf(left).compare(OrderOf(right));
  }

  static constexpr int32_t kLinkBytes = 4;

 private:
  RowFormat() = default;

  const uint8_t* PassValues(const uint8_t* row, const int32_t* lengths, size_t count) const {
    const uint8_t* at = row + fixed_bytes_;
    for (size_t i = 0; i < count; ++i) {
      const uint8_t length = row[lengths[i]];
      at += length != kLongValue
                ? length
                : static_cast<int64_t>(Load<uint32_t>(at)) + int64_t{sizeof(uint32_t)};
    }
    return at;
  }

  std::string_view OrderOf(const uint8_t* row) const {
    const uint8_t* at = PassValues(row, lengths_.data(), order_length_);
    const RowValue value = ReadValue(row + lengths_[order_length_], &at);
    return {reinterpret_cast<const char*>(value.bytes), static_cast<size_t>(value.size)};
  }

  std::vector<KeyField> keys_;
  std::vector<PayloadField> payload_;
  std::vector<int32_t> lengths_;  // the offsets of all lengths, the key's first
  size_t key_lengths_ = 0;
  std::optional<size_t> order_;
  size_t order_length_ = 0;  // which of lengths_ is that of the order
  int32_t key_end_ = kLinkBytes;
  int32_t row_number_offset_ = -1;
  int32_t validity_offset_ = 0;
  int32_t fixed_bytes_ = 0;
};

}  // namespace spillway::join
