#include "join/key_columns.h"

#include <algorithm>

#include <arrow/array/array_base.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/key_type.h"

namespace spillway::join {
namespace {

constexpr size_t kMostShownBytes = 100;

// At most kMostShownBytes of a text, cut between characters.
std::string Shorten(std::string text) {
  if (text.size() <= kMostShownBytes) return text;
  size_t end = kMostShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "..";
}

}  // namespace

Status CheckKeyColumns(const arrow::Schema& schema, const std::string& lookup,
                       const std::vector<int>& key_columns) {
  if (key_columns.empty()) {
    return MakeError({.code = ErrorCode::kKeyColumnMissing,
                      .what = fmt::format("lookup \"{}\" has no key column", lookup)});
  }
  for (const int column : key_columns) {
    if (column < 0 || column >= schema.num_fields()) {
      return MakeError(
          {.code = ErrorCode::kKeyColumnMissing,
           .what = fmt::format("lookup \"{}\" has no column {} to be its key", lookup, column)});
    }
    const arrow::Field& field = *schema.field(column);
    if (!KindOf(*field.type())) {
      return MakeError(
          {.code = ErrorCode::kUnsupportedType,
           .what = fmt::format("column \"{}\" of lookup \"{}\" cannot be a key: its type is {}",
                               field.name(), lookup, field.type()->ToString())});
    }
  }
  return Status::OK();
}

std::vector<int> PayloadColumnsOf(const arrow::Schema& schema, const std::vector<int>& key_columns,
                                  std::optional<int> order_column) {
  std::vector<int> columns;
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (i == order_column) continue;
    if (std::find(key_columns.begin(), key_columns.end(), i) == key_columns.end()) {
      columns.push_back(i);
    }
  }
  return columns;
}

Status CheckKeys(const arrow::ArrayVector& keys, const arrow::DataTypeVector& types) {
  if (keys.size() != types.size()) {
    return MakeError(
        {.code = ErrorCode::kInternal,
         .what = fmt::format("a join by {} key columns was given {}", types.size(), keys.size())});
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i]->type()->Equals(*types[i])) {
      return MakeError(
          {.code = ErrorCode::kKeyTypeMismatch,
           .what = fmt::format("key part {} is {} in the source and {} in the lookup", i + 1,
                               keys[i]->type()->ToString(), types[i]->ToString())});
    }
    if (keys[i]->length() != keys[0]->length()) {
      return MakeError(
          {.code = ErrorCode::kInternal, .what = "the arrays of a composite key differ in length"});
    }
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> ValidKeys(const std::vector<const arrow::ArrayData*>& parts,
                                                 int64_t rows, arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> valid;
  for (const arrow::ArrayData* part : parts) {
    if (part->GetNullCount() == 0) continue;
    const uint8_t* bits = part->buffers[0]->data();
    if (valid == nullptr) {
      ARROW_ASSIGN_OR_RAISE(valid, arrow::internal::CopyBitmap(pool, bits, part->offset, rows));
    } else {
      arrow::internal::BitmapAnd(valid->data(), 0, bits, part->offset, rows, 0,
                                 valid->mutable_data());
    }
  }
  return valid;
}

int64_t FindValidKeys(const std::vector<const arrow::ArrayData*>& parts, int64_t first,
                      int64_t count, int64_t* rows) {
  for (int64_t i = 0; i < count; ++i) rows[i] = first + i;
  for (const arrow::ArrayData* part : parts) {
    if (part->GetNullCount() == 0) continue;
    const uint8_t* bits = part->buffers[0]->data();
    int64_t kept = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = rows[i];
      rows[kept] = row;
      kept += arrow::bit_util::GetBit(bits, static_cast<uint64_t>(part->offset + row)) ? 1 : 0;
    }
    count = kept;
  }
  return count;
}

std::string ShowKey(const arrow::ScalarVector& parts) {
  std::string text;
  for (const auto& value : parts) {
    std::string part = Shorten(value->ToString());
    if (arrow::is_string(value->type->id())) part = fmt::format("\"{}\"", part);
    text += (text.empty() ? "" : ", ") + part;
  }
  return text;
}

Status DuplicateKeyError(const std::string& lookup, const std::string& key, int64_t first_row,
                         int64_t second_row) {
  return MakeError({.code = ErrorCode::kDuplicateLookupKey,
                    .what = fmt::format("lookup \"{}\" has the key {} more than once", lookup, key),
                    .why = fmt::format("its rows {} and {} (counted from 0) have that key, and the "
                                       "lookup is set to duplicates: error",
                                       first_row, second_row),
                    .cure = "remove one of the rows, or set duplicates to expand, first or last"});
}

}  // namespace spillway::join
