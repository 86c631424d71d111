#include "join/nested_payload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

namespace spillway::join {
namespace {

constexpr int kBlockRowBits = 16;
constexpr int64_t kBlockRows = int64_t{1} << kBlockRowBits;

int64_t BufferBytes(const arrow::ArrayData& array) {
  int64_t bytes = 0;
  for (const auto& buffer : array.buffers) bytes += buffer ? buffer->capacity() : 0;
  for (const auto& child : array.child_data) bytes += BufferBytes(*child);
  return array.dictionary ? bytes + BufferBytes(*array.dictionary) : bytes;
}

int64_t CountTypes(const arrow::DataType& type) {
  int64_t count = 1;
  for (const auto& field : type.fields()) count += CountTypes(*field->type());
  return count;
}

class NestedPayload final : public PayloadColumn {
 public:
  NestedPayload(std::shared_ptr<arrow::DataType> type, std::unique_ptr<arrow::ArrayBuilder> builder)
      : type_(std::move(type)), builder_(std::move(builder)) {}

  Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                int64_t count) override {
    const arrow::ArraySpan span(*array);
    while (count > 0) {
      const int64_t part = std::min(count, kBlockRows - builder_->length());
      ARROW_RETURN_NOT_OK(builder_->AppendArraySlice(span, first, part));
      if (builder_->length() == kBlockRows) ARROW_RETURN_NOT_OK(SealBlock());
      first += part;
      count -= part;
    }
    return Status::OK();
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(SealBlock());
    builder_.reset();
    spans_.reserve(blocks_.size());
    for (const auto& block : blocks_) spans_.emplace_back(*block);
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                               arrow::MemoryPool* pool) const override {
    std::unique_ptr<arrow::ArrayBuilder> out;
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, type_, &out));
    ARROW_RETURN_NOT_OK(out->Reserve(rows.count));
    int64_t i = 0;
    while (i < rows.count) {
      const int64_t run = RunLength(rows, i);
      const int64_t row = rows.rows[i];
      if (row < 0) {
        ARROW_RETURN_NOT_OK(out->AppendNulls(run));
      } else {
        ARROW_RETURN_NOT_OK(out->AppendArraySlice(spans_[static_cast<size_t>(row / kBlockRows)],
                                                  row % kBlockRows, run));
      }
      i += run;
    }
    return out->Finish();
  }

  int64_t allocated_bytes() const override {
    int64_t bytes = 0;
    for (const auto& block : blocks_) bytes += BufferBytes(*block);
    return bytes;
  }

 private:
  Status SealBlock() {
    if (builder_->length() == 0) return Status::OK();
    std::shared_ptr<arrow::ArrayData> block;
    ARROW_RETURN_NOT_OK(builder_->FinishInternal(&block));
    blocks_.push_back(std::move(block));
    return Status::OK();
  }

  // How many rows from `i` on are neighbours in one block, or are all -1.
  static int64_t RunLength(const GatherRows& rows, int64_t i) {
    const int64_t row = rows.rows[i];
    const int64_t step = row < 0 ? 0 : 1;
    const int64_t room = row < 0 ? rows.count : kBlockRows - row % kBlockRows;
    const int64_t most = std::min(rows.count - i, room);
    int64_t run = 1;
    while (run < most && rows.rows[i + run] == row + run * step) ++run;
    return run;
  }

  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<arrow::ArrayBuilder> builder_;
  std::vector<std::shared_ptr<arrow::ArrayData>> blocks_;
  std::vector<arrow::ArraySpan> spans_;  // of the blocks
};

}  // namespace

Result<std::unique_ptr<PayloadColumn>> MakeNestedPayload(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(pool, type, &builder));
  return std::make_unique<NestedPayload>(type, std::move(builder));
}

int64_t EstimateNestedBytes(const arrow::DataType& type, int64_t rows, int64_t value_bytes) {
  // Builders double their room by a copy: at most four times what the open block holds. A builder
  // writes validity even where the input has none: a bit per row and type; and each buffer has a
  // smallest size.
  constexpr int64_t kSmallestBytes = 4096;
  constexpr int64_t kGrowth = 4;
  const int64_t validity_bytes = CountTypes(type) * (rows / 8 + kSmallestBytes);
  return kGrowth * (value_bytes + validity_bytes);
}

}  // namespace spillway::join
