// A record: a row on its way through a sort. It has the row's key, the number of the source row
// that it comes from, which orders rows of one key, and the row itself in the form of
// join/row_format.h.
//
//   | length | length of key and number | key | number, big-endian | row |
//     4        4                          ..    8                    ..
//
// Key and number together are one string of bytes, and records are in its order.
//
// Thread rule: plain values and free functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include <arrow/util/endian.h>

#include "base/row_bytes.h"

namespace spillway::sort {

struct RecordHeader {
  uint32_t bytes;      // of the record, this header included
  uint32_t key_bytes;  // of key and number
};

inline constexpr int64_t kHeaderBytes = sizeof(RecordHeader);
inline constexpr int64_t kNumberBytes = sizeof(uint64_t);

// Reads the record that begins at `at`.
class RecordView {
 public:
  RecordView() = default;
  explicit RecordView(const uint8_t* at) : at_(at), header_(Load<RecordHeader>(at)) {}

  const uint8_t* begin() const { return at_; }
  int64_t bytes() const { return header_.bytes; }
  std::span<const uint8_t> key_and_number() const {
    return {at_ + kHeaderBytes, header_.key_bytes};
  }
  int64_t number() const {
    const uint8_t* end = at_ + kHeaderBytes + header_.key_bytes;
    return static_cast<int64_t>(arrow::bit_util::FromBigEndian(Load<uint64_t>(end - kNumberBytes)));
  }
  std::span<const uint8_t> row() const {
    const int64_t before = kHeaderBytes + header_.key_bytes;
    return {at_ + before, static_cast<size_t>(header_.bytes - before)};
  }

 private:
  const uint8_t* at_ = nullptr;
  RecordHeader header_ = {};
};

// As memcmp. Equal are only rows of one source row.
inline int Compare(std::span<const uint8_t> left, std::span<const uint8_t> right) {
  // None is the beginning of another one.
  return std::memcmp(left.data(), right.data(), std::min(left.size(), right.size()));
}

}  // namespace spillway::sort
