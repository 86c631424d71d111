// Makes rows (row_format.h) of Arrow columns: column by column over a group of rows, so that each
// type has a tight loop of its own.
//
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/row_format.h"

namespace spillway::join {

class RowEncoder {
 public:
  static constexpr int64_t kGroupRows = 512;

  // `format` must outlive the encoder.
  RowEncoder(const RowFormat& format, arrow::MemoryPool* pool);

  // The columns of the rows that come next, in the order of the format; they must stay alive.
  void StartBatch(std::vector<const arrow::ArrayData*> keys,
                  std::vector<const arrow::ArrayData*> payload);

  // Starts a group of rows: those at `positions` of the batch (at most kGroupRows), none of which
  // has a NULL in its key. Writes their lengths to `sizes`.
  Status Measure(const int64_t* positions, int64_t count, int64_t* sizes);

  // Writes the rows [first, first + count) of the group to `rows`, all but their link. `numbers`
  // are the rows' numbers in their batch.
  void Write(int64_t first, int64_t count, uint8_t* const* rows);

  // Whether a payload column has had a NULL so far.
  const std::vector<uint8_t>& seen_nulls() const { return seen_nulls_; }

 private:
  // The encoded values of a group of a nested column.
  struct NestedGroup {
    explicit NestedGroup(arrow::MemoryPool* pool) : bytes(pool) {}

    std::string_view operator[](int64_t i) const {
      const auto end = static_cast<size_t>(i);
      const int64_t start = end == 0 ? 0 : ends[end - 1];
      return {reinterpret_cast<const char*>(bytes.data()) + start,
              static_cast<size_t>(ends[end] - start)};
    }

    arrow::BufferBuilder bytes;
    std::array<int64_t, kGroupRows> ends;
  };

  template <typename Visit>
  void VisitValues(size_t column, Visit&& visit) const;
  Status EncodeGroup(size_t column);
  void WriteKeys(int64_t first, int64_t count, uint8_t* const* rows);
  void WriteValidity(int64_t first, int64_t count, uint8_t* const* rows) const;
  void WritePayload(size_t column, int64_t first, int64_t count, uint8_t* const* rows);
  bool HasNulls(size_t column) const { return payload_[column]->GetNullCount() > 0; }

  const RowFormat& format_;
  std::vector<const arrow::ArrayData*> keys_;
  std::vector<const arrow::ArrayData*> payload_;
  std::vector<std::unique_ptr<NestedGroup>> nested_;  // by column; null for the others
  std::vector<uint8_t> seen_nulls_;
  std::vector<uint8_t> all_valid_;  // the validity of a row without a NULL
  const int64_t* positions_ = nullptr;
  int64_t group_rows_ = 0;
  std::array<uint8_t*, kGroupRows> values_at_;  // where the next value of each row goes
};

}  // namespace spillway::join
