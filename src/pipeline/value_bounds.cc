#include "pipeline/value_bounds.h"

#include <optional>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace spillway::pipeline {
namespace {

using Bound = std::variant<int64_t, std::string>;

// A value as it compares, where the file has it in a form of `type`.
std::optional<Bound> MakeBound(const arrow::Scalar& value, const arrow::DataType& type) {
  if (arrow::is_binary_like(type.id()) && arrow::is_binary_like(value.type->id())) {
    return std::string(static_cast<const arrow::BaseBinaryScalar&>(value).view());
  }
  if (!arrow::is_signed_integer(type.id()) && !value.type->Equals(type)) return std::nullopt;
  switch (value.type->id()) {
    case arrow::Type::INT8:
      return static_cast<const arrow::Int8Scalar&>(value).value;
    case arrow::Type::INT16:
      return static_cast<const arrow::Int16Scalar&>(value).value;
    case arrow::Type::INT32:
      return static_cast<const arrow::Int32Scalar&>(value).value;
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Scalar&>(value).value;
    case arrow::Type::DATE32:
      return static_cast<const arrow::Date32Scalar&>(value).value;
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampScalar&>(value).value;
    default:
      return std::nullopt;
  }
}

// Texts are kept as a beginning of so many bytes: a plan has two for each row group.
constexpr size_t kKeptBytes = 32;

// Makes `bound` the beginning of itself, or of a larger text where it is a maximum. False where
// there is none.
bool Shorten(Bound* bound, bool is_maximum) {
  auto* const text = std::get_if<std::string>(bound);
  if (text == nullptr || text->size() <= kKeptBytes) return true;
  std::string beginning = text->substr(0, kKeptBytes);
  if (is_maximum) {
    while (!beginning.empty() && beginning.back() == '\xFF') beginning.pop_back();
    if (beginning.empty()) return false;
    beginning.back() = static_cast<char>(static_cast<uint8_t>(beginning.back()) + 1);
  }
  *text = std::move(beginning);
  return true;
}

}  // namespace

ValueBounds MakeBounds(const parquet::ChunkStatistics& chunk, int64_t num_rows,
                       const arrow::DataType& type, bool counts_nulls_right) {
  if (counts_nulls_right && chunk.null_count && *chunk.null_count == num_rows) {
    return {.is_known = true, .only_nulls = true};
  }
  if (chunk.minimum == nullptr || chunk.maximum == nullptr) return {};
  std::optional<Bound> minimum = MakeBound(*chunk.minimum, type);
  std::optional<Bound> maximum = MakeBound(*chunk.maximum, type);
  if (!minimum || !maximum) return {};
  if (!Shorten(&*minimum, false) || !Shorten(&*maximum, true)) return {};
  return {.is_known = true, .minimum = *std::move(minimum), .maximum = *std::move(maximum)};
}

}  // namespace spillway::pipeline
