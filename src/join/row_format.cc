#include "join/row_format.h"

#include <optional>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/key_columns.h"
#include "join/nested_value.h"

namespace spillway::join {
namespace {

std::optional<RowForm> FormOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return RowForm::kNothing;
    case arrow::Type::BOOL:
      return RowForm::kBit;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return RowForm::kBytes;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return RowForm::kLargeBytes;
    case arrow::Type::DICTIONARY:
      return std::nullopt;
    default:
      break;
  }
  if (arrow::is_fixed_width(type.id())) return RowForm::kFixed;
  if (HasNestedForm(type)) return RowForm::kNested;
  return std::nullopt;
}

int32_t WidthOf(KeyKind kind) {
  return VisitReader(kind, []<typename Reader>() -> int32_t {
    if constexpr (std::is_same_v<Reader, BytesReader>) {
      return 1;  // of the length
    } else {
      return sizeof(typename Reader::Word);
    }
  });
}

int32_t WidthOf(const PayloadField& field) {
  if (field.form == RowForm::kNothing) return 0;
  return field.form == RowForm::kFixed ? field.width : 1;
}

}  // namespace

Result<RowFormat> RowFormat::Make(const arrow::Schema& lookup, const std::vector<int>& key_columns,
                                  DuplicatePolicy duplicates, std::optional<int> order_column) {
  RowFormat format;
  int32_t offset = kLinkBytes;
  for (const int column : key_columns) {
    const auto& type = lookup.field(column)->type();
    const KeyField field = {type, *KindOf(*type), offset};
    if (field.kind == KeyKind::kBytes) format.lengths_.push_back(offset);
    offset += WidthOf(field.kind);
    format.keys_.push_back(field);
  }
  format.key_end_ = offset;
  format.key_lengths_ = format.lengths_.size();
  if (duplicates == DuplicatePolicy::kError) {
    format.row_number_offset_ = offset;
    offset += static_cast<int32_t>(sizeof(uint32_t));
  }
  const std::vector<int> payload_columns = PayloadColumnsOf(lookup, key_columns);
  format.validity_offset_ = offset;
  offset += (static_cast<int32_t>(payload_columns.size()) + 7) / 8;
  for (const int column : payload_columns) {
    const arrow::Field& field = *lookup.field(column);
    const std::optional<RowForm> form = FormOf(*field.type());
    if (!form) {
      return MakeError({.code = ErrorCode::kUnsupportedType,
                        .what = fmt::format("column \"{}\" cannot be joined out of memory: its "
                                            "type is {}",
                                            field.name(), field.type()->ToString())});
    }
    PayloadField stored = {field.type(), *form, 0, offset};
    if (*form == RowForm::kFixed) stored.width = field.type()->byte_width();
    if (column == order_column) {
      format.order_ = format.payload_.size();
      format.order_length_ = format.lengths_.size();
    }
    if (stored.has_length()) format.lengths_.push_back(offset);
    offset += WidthOf(stored);
    format.payload_.push_back(std::move(stored));
  }
  format.fixed_bytes_ = offset;
  return format;
}

}  // namespace spillway::join
