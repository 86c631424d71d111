#include "pipeline/value_text.h"

#include <string_view>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/scalar.h>
#include <arrow/util/string.h>
#include <fmt/format.h>

#include "base/units.h"
#include "pipeline/row_hash.h"

namespace spillway::pipeline {
namespace {

constexpr size_t kLongestText = 60;

// The end of the longest whole number of UTF-8 characters in at most `bytes` of `text`.
size_t CharacterEnd(std::string_view text, size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return bytes;
}

Result<std::string> Shortened(std::string_view text, size_t value_bytes, const arrow::Array& column,
                              int64_t row) {
  ARROW_ASSIGN_OR_RAISE(const auto hashes, HashColumn(*column.Slice(row, 1)));
  return fmt::format("{}.. ({} bytes, hash {:016x})",
                     text.substr(0, CharacterEnd(text, kLongestText)),
                     FormatCount(static_cast<int64_t>(value_bytes)), hashes.front());
}

template <typename ArrayType>
Result<std::string> BytesText(const arrow::Array& column, int64_t row, bool is_text) {
  const std::string_view value = static_cast<const ArrayType&>(column).GetView(row);
  const std::string text = is_text ? std::string(value.substr(0, kLongestText + 1))
                                   : arrow::HexEncode(value.substr(0, kLongestText / 2 + 1));
  if (text.size() <= kLongestText) return text;
  return Shortened(text, value.size(), column, row);
}

}  // namespace

Result<std::string> ValueText(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return BytesText<arrow::BinaryArray>(column, row, true);
    case arrow::Type::BINARY:
      return BytesText<arrow::BinaryArray>(column, row, false);
    case arrow::Type::LARGE_STRING:
      return BytesText<arrow::LargeBinaryArray>(column, row, true);
    case arrow::Type::LARGE_BINARY:
      return BytesText<arrow::LargeBinaryArray>(column, row, false);
    case arrow::Type::FLOAT:
      return fmt::format("{}", static_cast<const arrow::FloatArray&>(column).Value(row));
    case arrow::Type::DOUBLE:
      return fmt::format("{}", static_cast<const arrow::DoubleArray&>(column).Value(row));
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(const auto scalar, column.GetScalar(row));
  const std::string text = scalar->ToString();
  if (text.size() <= kLongestText) return text;
  return Shortened(text, text.size(), column, row);
}

}  // namespace spillway::pipeline
