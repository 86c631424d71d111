#include "parquet/page_levels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <arrow/util/bit_util.h>
#include <parquet/schema.h>
#include <parquet/types.h>

namespace spillway::parquet {
namespace {

using Encoding = ::parquet::Encoding::type;

constexpr int64_t kLengthBytes = 4;  // in front of run-length encoded levels

// Decodes the next `count` levels.
Status Decode(::parquet::LevelDecoder& decoder, int count, int16_t* levels) {
  if (decoder.Decode(count, levels) == count) return Status::OK();
  return Status::Invalid("a page has fewer levels than values");
}

}  // namespace

PageLevels::PageLevels(DataPages pages, int16_t max_definition_level, int16_t max_repetition_level,
                       int64_t num_values)
    : pages_(std::move(pages)),
      max_definition_level_(max_definition_level),
      max_repetition_level_(max_repetition_level),
      values_left_(num_values) {}

Result<std::unique_ptr<PageLevels>> PageLevels::Open(const DataFile& file, int row_group, int leaf,
                                                     arrow::MemoryPool* pool) {
  const auto chunk = file.metadata->RowGroup(row_group)->ColumnChunk(leaf);
  const ::parquet::ColumnDescriptor& column = *file.metadata->schema()->Column(leaf);
  ARROW_ASSIGN_OR_RAISE(auto pages, DataPages::Make({.source = file.source,
                                                     .first_byte = FirstByte(*chunk),
                                                     .bytes = chunk->total_compressed_size(),
                                                     .codec = chunk->compression()},
                                                    pool));
  return std::make_unique<PageLevels>(std::move(pages), column.max_definition_level(),
                                      column.max_repetition_level(), chunk->num_values());
}

// Moves to a page with levels that are left; false at the end.
Result<bool> PageLevels::FindPage() {
  while (page_values_left_ == 0) {
    if (values_left_ == 0) return false;
    ARROW_RETURN_NOT_OK(OpenPage());
  }
  return true;
}

Result<int> PageLevels::Next(Levels* definition, Levels* repetition) {
  ARROW_ASSIGN_OR_RAISE(const bool found, FindPage());
  if (!found) return 0;
  const int count = std::min(page_values_left_, kBatchLevels);
  page_values_left_ -= count;
  ARROW_RETURN_NOT_OK(Decode(definition_, count, definition->data()));
  if (repetition != nullptr && is_repeated()) {
    ARROW_RETURN_NOT_OK(Decode(repetition_, count, repetition->data()));
  }
  return count;
}

// A run of equal levels is counted as a whole.
Result<int64_t> PageLevels::CountValid() {
  int64_t valid = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool found, FindPage());
    if (!found) return valid;
    const auto counted = definition_.CountUpTo(max_definition_level_, page_values_left_);
    if (counted.processed_count <= 0) {
      return Status::Invalid("a page has fewer levels than values");
    }
    page_values_left_ -= counted.processed_count;
    valid += counted.matching_count;
  }
}

Status PageLevels::OpenPage() {
  ARROW_ASSIGN_OR_RAISE(const PageHeader page, pages_.Next());
  if (page.num_values > values_left_) {
    return Status::Invalid("a column chunk has more values than its footer says");
  }
  values_left_ -= page.num_values;
  page_values_left_ = page.num_values;
  return page.kind == PageKind::kData ? OpenLevels(page) : OpenLevelsV2(page);
}

// Both kinds of levels stand at the start of the body, each behind its length.
Status PageLevels::OpenLevels(const PageHeader& page) {
  const int values = page.num_values;
  ARROW_ASSIGN_OR_RAISE(
      const int64_t repetition_bytes,
      StoredBytes(page.repetition_encoding, max_repetition_level_, values, /*position=*/0));
  ARROW_ASSIGN_OR_RAISE(
      const int64_t definition_bytes,
      StoredBytes(page.definition_encoding, max_definition_level_, values, repetition_bytes));
  ARROW_ASSIGN_OR_RAISE(auto body, pages_.Body(repetition_bytes + definition_bytes));
  if (max_repetition_level_ > 0) {
    repetition_.SetData(static_cast<Encoding>(page.repetition_encoding), max_repetition_level_,
                        values, body.data(), static_cast<int32_t>(repetition_bytes));
  }
  body = body.subspan(static_cast<size_t>(repetition_bytes));
  definition_.SetData(static_cast<Encoding>(page.definition_encoding), max_definition_level_,
                      values, body.data(), static_cast<int32_t>(definition_bytes));
  return Status::OK();
}

// The bytes that levels take at `position` of the page's body, their length in front included.
Result<int64_t> PageLevels::StoredBytes(int32_t encoding, int16_t max_level, int64_t num_values,
                                        int64_t position) {
  if (max_level == 0) return 0;
  if (encoding == ::parquet::Encoding::BIT_PACKED) {
    const int bits = std::bit_width(static_cast<uint16_t>(max_level));
    return arrow::bit_util::BytesForBits(num_values * bits);
  }
  if (encoding != ::parquet::Encoding::RLE) {
    return Status::Invalid("a page has levels of an unknown encoding");
  }
  ARROW_ASSIGN_OR_RAISE(const auto body, pages_.Body(position + kLengthBytes));
  uint32_t bytes = 0;
  std::memcpy(&bytes, body.data() + position, kLengthBytes);
  return kLengthBytes + bytes;
}

Status PageLevels::OpenLevelsV2(const PageHeader& page) {
  ARROW_ASSIGN_OR_RAISE(const auto body,
                        pages_.Body(int64_t{page.repetition_bytes} + page.definition_bytes));
  if (max_repetition_level_ > 0) {
    repetition_.SetDataV2(page.repetition_bytes, max_repetition_level_, page.num_values,
                          body.data());
  }
  definition_.SetDataV2(page.definition_bytes, max_definition_level_, page.num_values,
                        body.data() + page.repetition_bytes);
  return Status::OK();
}

}  // namespace spillway::parquet
