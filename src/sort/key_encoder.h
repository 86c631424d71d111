// A row's sort key as a string of bytes whose order, as memcmp has it, is that of the keys:
// ascending as in Spark, so NULL first, NaN above all numbers, -0.0 equal to 0.0, texts by their
// bytes.
//
//   | 0                 NULL
//   | 1 | word          big-endian; the sign bit turned; of a negative floating-point number, all
//   | 1 | bytes | 0 0   each byte 0 among them as 0 1
//
// No key is the beginning of another one, so that bytes which follow count only between equal keys.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>

#include "join/key_type.h"

namespace spillway::sort {

class KeyEncoder {
 public:
  // `types` pass join::KindOf.
  explicit KeyEncoder(const arrow::DataTypeVector& types);

  // The key columns of the rows that come next; they must stay alive.
  void StartBatch(std::vector<const arrow::ArrayData*> columns) { columns_ = std::move(columns); }

  // Writes the lengths of the keys of rows [first, first + count) to `sizes`.
  void Measure(int64_t first, int64_t count, int64_t* sizes) const;

  // Writes the keys of rows [first, first + count) to where `at` points, which moves behind them.
  void Write(int64_t first, int64_t count, uint8_t** at) const;

 private:
  struct Part {
    join::KeyKind kind;
    bool is_signed;
  };

  std::vector<Part> parts_;
  std::vector<const arrow::ArrayData*> columns_;
};

}  // namespace spillway::sort
