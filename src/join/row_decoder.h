// Makes Arrow columns of the payload of rows (row_format.h).
//
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/nested_value.h"
#include "join/row_format.h"

namespace spillway::join {

// The rows to decode: those at `positions` behind `base`, -1 for a row of NULLs.
struct RowPositions {
  const uint8_t* base = nullptr;
  const int64_t* positions = nullptr;
  int64_t count = 0;
  int64_t unmatched = 0;  // how many are -1
};

class RowDecoder {
 public:
  // `format` must outlive the decoder. `seen_nulls` says of each column whether any row has a NULL
  // in it.
  RowDecoder(const RowFormat& format, std::vector<uint8_t> seen_nulls);

  // All payload columns of `rows`, from `pool`. A CapacityError where one exceeds 2 GiB.
  Result<arrow::ArrayVector> Decode(const RowPositions& rows, arrow::MemoryPool* pool);

 private:
  static constexpr int64_t kGroupRows = 512;

  // A column while it is made.
  struct Column {
    std::shared_ptr<arrow::Buffer> validity;
    std::shared_ptr<arrow::Buffer> values;  // words, or the bytes of values
    std::shared_ptr<arrow::Buffer> offsets;
    int64_t size_bytes = 0;  // of the values so far
    std::unique_ptr<NestedBuilder> nested;
  };

  void LoadGroup(const RowPositions& rows, int64_t first);
  Result<std::vector<Column>> MakeColumns(const RowPositions& rows, arrow::MemoryPool* pool) const;
  Status MeasureGroup(int64_t first, std::vector<Column>* columns);
  template <typename Offset>
  Status MeasureValues(const PayloadField& field, int64_t first, Column* column);
  Status DecodeGroup(int64_t first, std::vector<Column>* columns);
  template <typename Offset>
  void DecodeValues(const PayloadField& field, int64_t first, Column* column);
  Status DecodeNested(const PayloadField& field, NestedBuilder* out);
  static Result<std::shared_ptr<arrow::Array>> Finish(const PayloadField& field, int64_t rows,
                                                      Column column);

  const RowFormat& format_;
  const std::vector<uint8_t> seen_nulls_;
  const std::vector<uint8_t> null_row_;  // a row whose values are all NULL
  int64_t group_rows_ = 0;
  std::array<const uint8_t*, kGroupRows> rows_;
  std::array<const uint8_t*, kGroupRows> values_at_;  // where the next value of each row is
};

}  // namespace spillway::join
