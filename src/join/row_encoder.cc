#include "join/row_encoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "join/nested_value.h"

namespace spillway::join {
namespace {

// large_utf8 and large_binary.
class LargeBytesReader {
 public:
  explicit LargeBytesReader(const arrow::ArrayData& array)
      : ends_(array.GetValues<int64_t>(1)),
        bytes_(array.buffers[2] ? reinterpret_cast<const char*>(array.buffers[2]->data())
                                : nullptr) {}
  std::string_view operator[](int64_t i) const {
    return {bytes_ + ends_[i], static_cast<size_t>(ends_[i + 1] - ends_[i])};
  }

 private:
  const int64_t* ends_;
  const char* bytes_;
};

bool IsNull(const arrow::ArrayData& array, int64_t position) {
  return !arrow::bit_util::GetBit(array.buffers[0]->data(),
                                  static_cast<uint64_t>(array.offset + position));
}

// Writes `value(i)` for each row: its length at `offset`, its bytes where at[i] says.
template <typename Value>
void WriteValues(int64_t count, uint8_t* const* rows, int32_t offset, uint8_t** at, Value&& value) {
  for (int64_t i = 0; i < count; ++i) {
    const std::string_view bytes = value(i);
    const auto size = static_cast<int64_t>(bytes.size());
    if (size < kLongValue) {
      rows[i][offset] = static_cast<uint8_t>(size);
    } else {
      rows[i][offset] = kLongValue;
      Store(at[i], static_cast<uint32_t>(size));
      at[i] += sizeof(uint32_t);
    }
    CopyValue(at[i], reinterpret_cast<const uint8_t*>(bytes.data()), size);
    at[i] += size;
  }
}

template <typename Word>
void WriteWords(const arrow::ArrayData& array, const int64_t* positions, int64_t count,
                uint8_t* const* rows, int32_t offset) {
  const Word* values = array.GetValues<Word>(1);
  for (int64_t i = 0; i < count; ++i) Store(rows[i] + offset, values[positions[i]]);
}

void WriteFixed(const arrow::ArrayData& array, int32_t width, const int64_t* positions,
                int64_t count, uint8_t* const* rows, int32_t offset) {
  switch (width) {
    case 1:
      return WriteWords<uint8_t>(array, positions, count, rows, offset);
    case 2:
      return WriteWords<uint16_t>(array, positions, count, rows, offset);
    case 4:
      return WriteWords<uint32_t>(array, positions, count, rows, offset);
    case 8:
      return WriteWords<uint64_t>(array, positions, count, rows, offset);
    case 16:
      return WriteWords<Word128>(array, positions, count, rows, offset);
    default:
      break;
  }
  const uint8_t* values = array.buffers[1]->data() + array.offset * width;
  for (int64_t i = 0; i < count; ++i) {
    CopyValue(rows[i] + offset, values + positions[i] * width, width);
  }
}

}  // namespace

RowEncoder::RowEncoder(const RowFormat& format, arrow::MemoryPool* pool)
    : format_(format),
      seen_nulls_(format.payload().size()),
      all_valid_(static_cast<size_t>(format.validity_bytes())) {
  for (size_t column = 0; column < format.payload().size(); ++column) {
    const RowForm form = format.payload()[column].form;
    nested_.push_back(form == RowForm::kNested ? std::make_unique<NestedGroup>(pool) : nullptr);
    seen_nulls_[column] = form == RowForm::kNothing ? 1 : 0;
    if (form != RowForm::kNothing) {
      all_valid_[column / 8] |= static_cast<uint8_t>(1U << (column % 8));
    }
  }
}

void RowEncoder::StartBatch(std::vector<const arrow::ArrayData*> keys,
                            std::vector<const arrow::ArrayData*> payload) {
  keys_ = std::move(keys);
  payload_ = std::move(payload);
  for (size_t column = 0; column < payload_.size(); ++column) {
    if (HasNulls(column)) seen_nulls_[column] = 1;
  }
}

// Calls `visit(value)` with a function from a row of the group to its value in a payload column of
// variable length, empty where that is NULL.
template <typename Visit>
void RowEncoder::VisitValues(size_t column, Visit&& visit) const {
  const arrow::ArrayData& array = *payload_[column];
  const auto visit_reader = [&](const auto& values) {
    if (HasNulls(column)) {
      visit([&](int64_t i) {
        return IsNull(array, positions_[i]) ? std::string_view() : values[positions_[i]];
      });
    } else {
      visit([&](int64_t i) { return values[positions_[i]]; });
    }
  };
  switch (format_.payload()[column].form) {
    case RowForm::kBytes:
      return visit_reader(BytesReader(array));
    case RowForm::kLargeBytes:
      return visit_reader(LargeBytesReader(array));
    case RowForm::kNested:
      return visit([&](int64_t i) { return (*nested_[column])[i]; });
    default:
      return;
  }
}

Status RowEncoder::EncodeGroup(size_t column) {
  NestedGroup& group = *nested_[column];
  const arrow::ArrayData& array = *payload_[column];
  group.bytes.Rewind(0);
  for (int64_t i = 0; i < group_rows_; ++i) {
    if (array.IsValid(positions_[i])) {
      ARROW_RETURN_NOT_OK(EncodeNested(array, positions_[i], &group.bytes));
    }
    group.ends[static_cast<size_t>(i)] = group.bytes.length();
  }
  return Status::OK();
}

Status RowEncoder::Measure(const int64_t* positions, int64_t count, int64_t* sizes) {
  positions_ = positions;
  group_rows_ = count;
  std::fill_n(sizes, count, format_.fixed_bytes());
  int64_t longest = 0;
  const auto add = [&](auto&& value) {
    for (int64_t i = 0; i < count; ++i) {
      const auto size = static_cast<int64_t>(value(i).size());
      longest = std::max(longest, size);
      sizes[i] += StoredValueBytes(size);
    }
  };
  for (size_t part = 0; part < keys_.size(); ++part) {
    if (format_.keys()[part].kind != KeyKind::kBytes) continue;
    const BytesReader values(*keys_[part]);
    add([&](int64_t i) { return values[positions[i]]; });
  }
  for (size_t column = 0; column < payload_.size(); ++column) {
    if (nested_[column] != nullptr) ARROW_RETURN_NOT_OK(EncodeGroup(column));
    VisitValues(column, add);
  }
  if (longest > std::numeric_limits<uint32_t>::max()) {
    return Status::CapacityError("a value of ", longest, " bytes is too long to be joined");
  }
  return Status::OK();
}

void RowEncoder::Write(int64_t first, int64_t count, uint8_t* const* rows) {
  for (int64_t i = 0; i < count; ++i) {
    values_at_[static_cast<size_t>(i)] = rows[i] + format_.fixed_bytes();
  }
  WriteKeys(first, count, rows);
  if (const int32_t offset = format_.row_number_offset(); offset >= 0) {
    for (int64_t i = 0; i < count; ++i) {
      Store(rows[i] + offset, static_cast<uint32_t>(positions_[first + i]));
    }
  }
  WriteValidity(first, count, rows);
  for (size_t column = 0; column < payload_.size(); ++column) {
    WritePayload(column, first, count, rows);
  }
}

void RowEncoder::WriteKeys(int64_t first, int64_t count, uint8_t* const* rows) {
  const int64_t* positions = positions_ + first;
  for (size_t part = 0; part < keys_.size(); ++part) {
    const KeyField& field = format_.keys()[part];
    VisitReader(field.kind, [&]<typename Reader>() {
      const Reader values(*keys_[part]);
      if constexpr (std::is_same_v<Reader, BytesReader>) {
        WriteValues(count, rows, field.offset, values_at_.data(),
                    [&](int64_t i) { return values[positions[i]]; });
      } else {
        for (int64_t i = 0; i < count; ++i) Store(rows[i] + field.offset, values[positions[i]]);
      }
    });
  }
}

void RowEncoder::WriteValidity(int64_t first, int64_t count, uint8_t* const* rows) const {
  const int32_t offset = format_.validity_offset();
  if (all_valid_.size() == 1) {
    for (int64_t i = 0; i < count; ++i) rows[i][offset] = all_valid_[0];
  } else {
    for (int64_t i = 0; i < count; ++i) {
      std::copy(all_valid_.begin(), all_valid_.end(), rows[i] + offset);
    }
  }
  for (size_t column = 0; column < payload_.size(); ++column) {
    if (!HasNulls(column) || format_.payload()[column].form == RowForm::kNothing) continue;
    const arrow::ArrayData& array = *payload_[column];
    const int32_t at = offset + static_cast<int32_t>(column / 8);
    const uint32_t bit = 1U << (column % 8);
    for (int64_t i = 0; i < count; ++i) {
      if (IsNull(array, positions_[first + i])) {
        rows[i][at] = static_cast<uint8_t>(rows[i][at] & ~bit);
      }
    }
  }
}

void RowEncoder::WritePayload(size_t column, int64_t first, int64_t count, uint8_t* const* rows) {
  const PayloadField& field = format_.payload()[column];
  const arrow::ArrayData& array = *payload_[column];
  const int64_t* positions = positions_ + first;
  switch (field.form) {
    case RowForm::kNothing:
      return;
    case RowForm::kBit: {
      const BoolReader values(array);
      for (int64_t i = 0; i < count; ++i) rows[i][field.offset] = values[positions[i]];
      return;
    }
    case RowForm::kFixed:
      return WriteFixed(array, field.width, positions, count, rows, field.offset);
    case RowForm::kBytes:
    case RowForm::kLargeBytes:
    case RowForm::kNested:
      return VisitValues(column, [&](auto&& value) {
        WriteValues(count, rows, field.offset, values_at_.data(),
                    [&](int64_t i) { return value(first + i); });
      });
  }
}

}  // namespace spillway::join
