// The payload columns of fixed width, row by row, so that a row that is fetched costs one miss of
// the caches and not one a column:
//
//   | validity: a bit a column | value | value | ..  |
//
// Thread rule: one thread appends and finishes; after that, any number may gather.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/blocks.h"
#include "join/payload.h"

namespace spillway::join {

class PayloadRecords {
 public:
  // Columns whose values have so many bytes each: 1, 2, 4, 8 or 16.
  PayloadRecords(const std::vector<int>& widths, arrow::MemoryPool* pool, int64_t expected_rows);

  // The most that `rows` rows take at any moment while they are appended.
  static int64_t EstimateBytes(int64_t rows, const std::vector<int>& widths);

  // Where the next values of a column are.
  struct Source {
    const uint8_t* values;    // as Arrow has them
    const uint8_t* validity;  // a bitmap, or null: no value is NULL
    int64_t first_bit;        // of the bitmap, that of the first value
  };
  // Appends `rows` rows; a source for each column.
  Status Append(const std::vector<Source>& columns, int64_t rows);
  Status Finish() { return blocks_.Finish(); }

  // A column's values for the rows to fetch, zero where a row is -1; validity may be null.
  struct Gathered {
    std::shared_ptr<arrow::Buffer> validity;
    std::shared_ptr<arrow::Buffer> values;
  };
  // One for each column.
  Result<std::vector<Gathered>> Gather(const GatherRows& rows, arrow::MemoryPool* pool) const;

  int64_t rows() const { return blocks_.size(); }
  int64_t allocated_bytes() const { return blocks_.allocated_bytes(); }

 private:
  struct Column {
    int width;
    int offset;  // in a record
    bool has_nulls;
  };

  void Encode(size_t number, const Source& source, int64_t first, int64_t rows,
              uint8_t* records) const;

  std::vector<Column> columns_;
  int64_t record_bytes_;
  std::vector<uint8_t> all_valid_;  // the validity of a record without NULL
  Blocks blocks_;                   // a unit is a record
};

}  // namespace spillway::join
