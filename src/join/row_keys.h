// Compares the keys of a source batch with those of rows (row_format.h).
//
// Thread rule: one thread; ShowRowKey is a free function.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/row_format.h"

namespace spillway::join {

class RowKeys {
 public:
  static constexpr int64_t kGroupRows = 128;

  // `format` must outlive it.
  explicit RowKeys(const RowFormat& format) : format_(format) {}

  // The keys to compare with, of the format's types. They are kept.
  void Start(const arrow::ArrayVector& keys) { keys_ = keys; }

  // Whether the source's key at positions[i] is that of rows[i], into equal[i], for at most
  // kGroupRows rows.
  void Compare(const int64_t* positions, const uint8_t* const* rows, int64_t count, uint8_t* equal);

 private:
  const RowFormat& format_;
  arrow::ArrayVector keys_;
  std::array<const uint8_t*, kGroupRows> values_at_;  // where the next value of each row is
};

// The key of a row as a message shows it.
Result<std::string> ShowRowKey(const RowFormat& format, const uint8_t* row);

}  // namespace spillway::join
