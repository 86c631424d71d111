#include "parquet/row_levels.h"

#include <algorithm>
#include <utility>

#include <arrow/util/bitmap_generate.h>

namespace spillway::parquet {
namespace {

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

RowLevels::RowLevels(std::unique_ptr<PageLevels> levels) : levels_(std::move(levels)) {}

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
  PageLevels::Levels repetition;
  while (num_rows_ == 0) {
    ARROW_ASSIGN_OR_RAISE(num_rows_, levels_->Next(&row_levels_, &repetition));
    if (num_rows_ == 0 || !levels_->is_repeated()) break;
    if (std::exchange(is_first_, false) && repetition[0] != 0) {
      return Status::Invalid("a column chunk starts within a row");
    }
    num_rows_ = KeepFirstOfRow(repetition.data(), num_rows_, row_levels_.data());
  }
  return Status::OK();
}

}  // namespace spillway::parquet
