// A row's bytes are read twice, once for the lengths of its values and once for all the rest, in
// groups that stay in the cache between columns. What a column takes is known before its bytes are
// copied, so that nothing has to grow.
#include "join/row_decoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "join/gather.h"

namespace spillway::join {
namespace {

// Far enough to cover the latency of the cache below.
constexpr int64_t kRowsAhead = 16;

int64_t OffsetWidth(RowForm form) {
  return form == RowForm::kLargeBytes ? int64_t{sizeof(int64_t)} : int64_t{sizeof(int32_t)};
}

}  // namespace

RowDecoder::RowDecoder(const RowFormat& format, std::vector<uint8_t> seen_nulls)
    : format_(format),
      seen_nulls_(std::move(seen_nulls)),
      null_row_(static_cast<size_t>(format.fixed_bytes())) {}

Result<arrow::ArrayVector> RowDecoder::Decode(const RowPositions& rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::vector<Column> columns, MakeColumns(rows, pool));
  const auto& fields = format_.payload();
  if (std::ranges::any_of(fields, [](const PayloadField& field) { return field.has_length(); })) {
    for (int64_t first = 0; first < rows.count; first += kGroupRows) {
      LoadGroup(rows, first);
      ARROW_RETURN_NOT_OK(MeasureGroup(first, &columns));
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].offsets == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(columns[i].values, arrow::AllocateBuffer(columns[i].size_bytes, pool));
  }
  for (int64_t first = 0; first < rows.count; first += kGroupRows) {
    LoadGroup(rows, first);
    ARROW_RETURN_NOT_OK(DecodeGroup(first, &columns));
  }
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto array, Finish(fields[i], rows.count, std::move(columns[i])));
    arrays.push_back(std::move(array));
  }
  return arrays;
}

// The columns with room for all that has a fixed width.
Result<std::vector<RowDecoder::Column>> RowDecoder::MakeColumns(const RowPositions& rows,
                                                                arrow::MemoryPool* pool) const {
  std::shared_ptr<arrow::Buffer> matched;
  if (rows.unmatched > 0) {
    ARROW_ASSIGN_OR_RAISE(matched, MatchedBits(rows.positions, rows.count, pool));
  }
  std::vector<Column> columns(format_.payload().size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const PayloadField& field = format_.payload()[i];
    Column& column = columns[i];
    if (field.form == RowForm::kNothing) continue;
    if (field.form == RowForm::kNested) {
      column.nested = std::make_unique<NestedBuilder>(field.type, pool);
      continue;
    }
    column.validity = matched;
    const int64_t bit_bytes = arrow::bit_util::BytesForBits(rows.count);
    if (seen_nulls_[i]) {
      ARROW_ASSIGN_OR_RAISE(column.validity, arrow::AllocateBuffer(bit_bytes, pool));
    }
    if (field.has_length()) {
      const int64_t width = OffsetWidth(field.form);
      ARROW_ASSIGN_OR_RAISE(column.offsets, arrow::AllocateBuffer((rows.count + 1) * width, pool));
      std::fill_n(column.offsets->mutable_data(), width, uint8_t{0});
    } else {
      const int64_t bytes = field.form == RowForm::kBit ? bit_bytes : rows.count * field.width;
      ARROW_ASSIGN_OR_RAISE(column.values, arrow::AllocateBuffer(bytes, pool));
    }
  }
  return columns;
}

void RowDecoder::LoadGroup(const RowPositions& rows, int64_t first) {
  group_rows_ = std::min(kGroupRows, rows.count - first);
  for (int64_t i = 0; i < group_rows_; ++i) {
    const int64_t position = rows.positions[first + i];
    rows_[static_cast<size_t>(i)] = position < 0 ? null_row_.data() : rows.base + position;
  }
  for (int64_t i = 0; i < std::min(kRowsAhead, group_rows_); ++i) {
    __builtin_prefetch(rows_[static_cast<size_t>(i)]);
  }
  for (int64_t i = 0; i < group_rows_; ++i) {
    const auto ahead = static_cast<size_t>(std::min(i + kRowsAhead, group_rows_ - 1));
    __builtin_prefetch(rows_[ahead]);
    __builtin_prefetch(rows_[ahead] + format_.fixed_bytes());
    const uint8_t* row = rows_[static_cast<size_t>(i)];
    values_at_[static_cast<size_t>(i)] = format_.EndOfKeyValues(row);
  }
}

Status RowDecoder::MeasureGroup(int64_t first, std::vector<Column>* columns) {
  for (size_t i = 0; i < columns->size(); ++i) {
    const PayloadField& field = format_.payload()[i];
    switch (field.form) {
      case RowForm::kBytes:
        ARROW_RETURN_NOT_OK(MeasureValues<int32_t>(field, first, &(*columns)[i]));
        break;
      case RowForm::kLargeBytes:
        ARROW_RETURN_NOT_OK(MeasureValues<int64_t>(field, first, &(*columns)[i]));
        break;
      case RowForm::kNested:
        for (int64_t row = 0; row < group_rows_; ++row) {
          const auto at = static_cast<size_t>(row);
          ReadValue(rows_[at] + field.offset, &values_at_[at]);
        }
        break;
      default:
        break;
    }
  }
  return Status::OK();
}

// Writes the offsets behind the values of a group.
template <typename Offset>
Status RowDecoder::MeasureValues(const PayloadField& field, int64_t first, Column* column) {
  auto* ends = reinterpret_cast<Offset*>(column->offsets->mutable_data()) + first + 1;
  int64_t end = column->size_bytes;
  for (int64_t i = 0; i < group_rows_; ++i) {
    const auto at = static_cast<size_t>(i);
    end += ReadValue(rows_[at] + field.offset, &values_at_[at]).size;
    if (end > std::numeric_limits<Offset>::max()) {
      return Status::CapacityError("the joined strings of one batch exceed 2 GiB");
    }
    ends[i] = static_cast<Offset>(end);
  }
  column->size_bytes = end;
  return Status::OK();
}

// A group is a multiple of 8 rows long, but the last one.
Status RowDecoder::DecodeGroup(int64_t first, std::vector<Column>* columns) {
  for (size_t i = 0; i < columns->size(); ++i) {
    const PayloadField& field = format_.payload()[i];
    Column& column = (*columns)[i];
    if (seen_nulls_[i] && column.validity != nullptr) {
      const int32_t offset = format_.validity_offset() + static_cast<int32_t>(i / 8);
      CopyBits(rows_.data(), group_rows_, offset, 1U << (i % 8),
               column.validity->mutable_data() + first / 8);
    }
    switch (field.form) {
      case RowForm::kNothing:
        break;
      case RowForm::kBit:
        CopyBits(rows_.data(), group_rows_, field.offset, 1,
                 column.values->mutable_data() + first / 8);
        break;
      case RowForm::kFixed:
        CopyWords(rows_.data(), group_rows_, field.width, field.offset,
                  column.values->mutable_data() + first * field.width);
        break;
      case RowForm::kBytes:
        DecodeValues<int32_t>(field, first, &column);
        break;
      case RowForm::kLargeBytes:
        DecodeValues<int64_t>(field, first, &column);
        break;
      case RowForm::kNested:
        ARROW_RETURN_NOT_OK(DecodeNested(field, column.nested.get()));
        break;
    }
  }
  return Status::OK();
}

template <typename Offset>
void RowDecoder::DecodeValues(const PayloadField& field, int64_t first, Column* column) {
  const auto* offsets = reinterpret_cast<const Offset*>(column->offsets->data()) + first;
  uint8_t* out = column->values->mutable_data();
  for (int64_t i = 0; i < group_rows_; ++i) {
    const auto at = static_cast<size_t>(i);
    const RowValue value = ReadValue(rows_[at] + field.offset, &values_at_[at]);
    CopyValue(out + offsets[i], value.bytes, value.size);
  }
}

Status RowDecoder::DecodeNested(const PayloadField& field, NestedBuilder* out) {
  for (int64_t i = 0; i < group_rows_; ++i) {
    const auto at = static_cast<size_t>(i);
    const RowValue value = ReadValue(rows_[at] + field.offset, &values_at_[at]);
    // A NULL has no bytes, and any other value has some.
    ARROW_RETURN_NOT_OK(value.size == 0 ? out->AppendNull() : out->Append(value.bytes));
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> RowDecoder::Finish(const PayloadField& field, int64_t rows,
                                                         Column column) {
  if (field.form == RowForm::kNested) {
    ARROW_ASSIGN_OR_RAISE(auto data, column.nested->Finish());
    return arrow::MakeArray(data);
  }
  if (field.form == RowForm::kNothing) {
    return arrow::MakeArray(arrow::ArrayData::Make(field.type, rows, {nullptr}, rows));
  }
  std::vector<std::shared_ptr<arrow::Buffer>> buffers = {std::move(column.validity)};
  if (column.offsets != nullptr) buffers.push_back(std::move(column.offsets));
  buffers.push_back(std::move(column.values));
  return arrow::MakeArray(arrow::ArrayData::Make(field.type, rows, std::move(buffers)));
}

}  // namespace spillway::join
