#include "parquet/row_levels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_generate.h>
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

// Keeps the definition levels with which a row starts, in front. Returns how many these are.
int KeepFirstOfRow(const int16_t* repetition, int count, int16_t* definition) {
  int rows = 0;
  for (int i = 0; i < count; ++i) {
    definition[rows] = definition[i];
    rows += repetition[i] == 0 ? 1 : 0;
  }
  return rows;
}

}  // namespace

RowLevels::RowLevels(DataPages pages, int16_t max_definition_level, int16_t max_repetition_level,
                     int64_t num_values)
    : pages_(std::move(pages)),
      max_definition_level_(max_definition_level),
      max_repetition_level_(max_repetition_level),
      values_left_(num_values) {}

Result<int64_t> RowLevels::Next(int64_t rows, uint8_t* bitmap) {
  int64_t valid = 0;
  for (int64_t done = 0; done < rows;) {
    if (next_row_ == num_rows_) {
      ARROW_RETURN_NOT_OK(DecodeRows());
      if (num_rows_ == 0) return Status::Invalid("a row group has fewer rows than its footer says");
    }
    const int64_t count = std::min<int64_t>(rows - done, num_rows_ - next_row_);
    const int16_t* level = row_levels_.data() + next_row_;
    arrow::internal::GenerateBitsUnrolled(bitmap, done, count, [&] {
      const bool is_valid = *level++ > 0;
      valid += is_valid ? 1 : 0;
      return is_valid;
    });
    next_row_ += static_cast<int>(count);
    done += count;
  }
  return rows - valid;
}

Status RowLevels::CheckEnd() {
  if (next_row_ == num_rows_) ARROW_RETURN_NOT_OK(DecodeRows());
  if (next_row_ == num_rows_) return Status::OK();
  return Status::Invalid("a row group has more rows than its footer says");
}

// Decodes levels until there are rows, or no levels any more.
Status RowLevels::DecodeRows() {
  next_row_ = num_rows_ = 0;
  while (num_rows_ == 0 && (page_values_left_ > 0 || values_left_ > 0)) {
    if (page_values_left_ == 0) ARROW_RETURN_NOT_OK(OpenPage());
    num_rows_ = std::min(page_values_left_, kBatchLevels);
    page_values_left_ -= num_rows_;
    ARROW_RETURN_NOT_OK(Decode(definition_, num_rows_, row_levels_.data()));
    if (max_repetition_level_ == 0) continue;
    Levels repetition;
    ARROW_RETURN_NOT_OK(Decode(repetition_, num_rows_, repetition.data()));
    if (std::exchange(is_first_, false) && repetition[0] != 0) {
      return Status::Invalid("a column chunk starts within a row");
    }
    num_rows_ = KeepFirstOfRow(repetition.data(), num_rows_, row_levels_.data());
  }
  return Status::OK();
}

Status RowLevels::OpenPage() {
  ARROW_ASSIGN_OR_RAISE(const PageHeader page, pages_.Next());
  if (page.num_values > values_left_) {
    return Status::Invalid("a column chunk has more values than its footer says");
  }
  values_left_ -= page.num_values;
  page_values_left_ = page.num_values;
  return page.kind == PageKind::kData ? OpenLevels(page) : OpenLevelsV2(page);
}

// Both kinds of levels stand at the start of the body, each behind its length.
Status RowLevels::OpenLevels(const PageHeader& page) {
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
Result<int64_t> RowLevels::StoredBytes(int32_t encoding, int16_t max_level, int64_t num_values,
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

Status RowLevels::OpenLevelsV2(const PageHeader& page) {
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
