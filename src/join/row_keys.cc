#include "join/row_keys.h"

#include <algorithm>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "join/key_columns.h"

namespace spillway::join {

void RowKeys::Compare(const int64_t* positions, const uint8_t* const* rows, int64_t count,
                      uint8_t* equal) {
  std::fill_n(equal, count, uint8_t{1});
  for (int64_t i = 0; i < count; ++i) {
    values_at_[static_cast<size_t>(i)] = rows[i] + format_.fixed_bytes();
  }
  for (size_t part = 0; part < keys_.size(); ++part) {
    const KeyField& field = format_.keys()[part];
    VisitReader(field.kind, [&]<typename Reader>() {
      const Reader values(*keys_[part]->data());
      for (int64_t i = 0; i < count; ++i) {
        if constexpr (std::is_same_v<Reader, BytesReader>) {
          const RowValue stored =
              ReadValue(rows[i] + field.offset, &values_at_[static_cast<size_t>(i)]);
          const std::string_view value = values[positions[i]];
          equal[i] = static_cast<uint8_t>(
              equal[i] & (stored.size == static_cast<int64_t>(value.size()) &&
                          EqualValues(stored.bytes, reinterpret_cast<const uint8_t*>(value.data()),
                                      stored.size)));
        } else {
          const auto stored = Load<typename Reader::Word>(rows[i] + field.offset);
          equal[i] = static_cast<uint8_t>(equal[i] & (stored == values[positions[i]]));
        }
      }
    });
  }
}

Result<std::string> ShowRowKey(const RowFormat& format, const uint8_t* row) {
  arrow::ScalarVector parts;
  const uint8_t* at = row + format.fixed_bytes();
  for (const KeyField& field : format.keys()) {
    ARROW_ASSIGN_OR_RAISE(
        auto part,
        VisitReader(field.kind, [&]<typename Reader>() -> Result<std::shared_ptr<arrow::Scalar>> {
          if constexpr (std::is_same_v<Reader, BytesReader>) {
            const RowValue value = ReadValue(row + field.offset, &at);
            return arrow::MakeScalar(field.type, arrow::Buffer::FromString(std::string(
                                                     reinterpret_cast<const char*>(value.bytes),
                                                     static_cast<size_t>(value.size))));
          } else {
            // A boolean is stored as a byte of 0 or 1, whose first bit is what Arrow wants.
            const auto word = Load<typename Reader::Word>(row + field.offset);
            const auto value = std::make_shared<arrow::Buffer>(
                reinterpret_cast<const uint8_t*>(&word), int64_t{sizeof(word)});
            return arrow::MakeArray(arrow::ArrayData::Make(field.type, 1, {nullptr, value}, 0))
                ->GetScalar(0);
          }
        }));
    parts.push_back(std::move(part));
  }
  return ShowKey(parts);
}

}  // namespace spillway::join
