#include "expression/value.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <arrow/array/array_base.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/util/bitmap_ops.h>

namespace spillway::expression {
namespace {

bool IsNullSingle(const Value& value) { return value.single && Validity(value).IsNull(0); }

Result<std::shared_ptr<arrow::Buffer>> BitmapFrom(const arrow::ArrayData& data,
                                                  arrow::MemoryPool* pool) {
  const std::shared_ptr<arrow::Buffer>& bits = data.buffers[0];
  if (data.offset == 0) return bits;
  return arrow::internal::CopyBitmap(pool, bits->data(), data.offset, data.length);
}

}  // namespace

Validity::Validity(const Value& value)
    : offset_(value.data->offset),
      mask_(value.mask()),
      all_null_(value.data->type->id() == arrow::Type::NA) {
  if (all_null_ || value.data->buffers.empty() || value.data->buffers[0] == nullptr) return;
  if (value.data->null_count.load() != 0) bits_ = value.data->buffers[0]->data();
}

TextReader::TextReader(const Value& value)
    : offsets_(value.data->GetValues<int32_t>(1)),
      bytes_(value.data->buffers[2] == nullptr
                 ? ""
                 : reinterpret_cast<const char*>(value.data->buffers[2]->data())),
      mask_(value.mask()) {
  static constexpr int32_t kNoOffsets[2] = {0, 0};
  if (offsets_ == nullptr) offsets_ = kNoOffsets;
}

Result<std::shared_ptr<arrow::Buffer>> MakeBitmap(int64_t rows, arrow::MemoryPool* pool) {
  return arrow::AllocateEmptyBitmap(rows, pool);
}

Result<std::shared_ptr<arrow::Buffer>> MergeValidity(std::span<const Value> arguments, int64_t rows,
                                                     arrow::MemoryPool* pool) {
  std::shared_ptr<arrow::Buffer> merged;
  for (const Value& value : arguments) {
    if (!Validity(value).may_be_null()) continue;
    if (IsNullSingle(value) || value.data->type->id() == arrow::Type::NA) {
      return MakeBitmap(rows, pool);
    }
    if (value.single) continue;
    const arrow::ArrayData& data = *value.data;
    if (merged == nullptr) {
      ARROW_ASSIGN_OR_RAISE(merged, BitmapFrom(data, pool));
    } else {
      ARROW_ASSIGN_OR_RAISE(
          merged, arrow::internal::BitmapAnd(pool, merged->data(), 0, data.buffers[0]->data(),
                                             data.offset, rows, 0));
    }
  }
  return merged;
}

Value MakeColumn(const ValueType& type, int64_t rows, std::shared_ptr<arrow::Buffer> validity,
                 std::shared_ptr<arrow::Buffer> values) {
  const int64_t nulls = validity == nullptr ? 0 : arrow::kUnknownNullCount;
  return {
      arrow::ArrayData::Make(ToArrow(type), rows, {std::move(validity), std::move(values)}, nulls)};
}

Value MakeTextColumn(const ValueType& type, int64_t rows, std::shared_ptr<arrow::Buffer> validity,
                     std::shared_ptr<arrow::Buffer> offsets, std::shared_ptr<arrow::Buffer> bytes) {
  const int64_t nulls = validity == nullptr ? 0 : arrow::kUnknownNullCount;
  return {arrow::ArrayData::Make(
      ToArrow(type), rows, {std::move(validity), std::move(offsets), std::move(bytes)}, nulls)};
}

Result<Value> MakeNulls(const ValueType& type, int64_t rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array,
                        arrow::MakeArrayOfNull(ToArrow(type), rows, pool));
  return Value{array->data()};
}

TextWriter::TextWriter(std::unique_ptr<arrow::ResizableBuffer> offsets,
                       std::unique_ptr<arrow::ResizableBuffer> bytes)
    : offset_buffer_(std::move(offsets)),
      byte_buffer_(std::move(bytes)),
      offsets_(reinterpret_cast<int32_t*>(offset_buffer_->mutable_data())) {
  offsets_[0] = 0;
}

Result<TextWriter> TextWriter::Make(int64_t rows, int64_t expected_bytes, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(
      auto offsets,
      arrow::AllocateResizableBuffer((rows + 1) * static_cast<int64_t>(sizeof(int32_t)), pool));
  ARROW_ASSIGN_OR_RAISE(
      auto bytes, arrow::AllocateResizableBuffer(std::max<int64_t>(expected_bytes, 64), pool));
  return TextWriter(std::move(offsets), std::move(bytes));
}

Status TextWriter::Grow(int64_t needed) {
  if (needed > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a batch's texts pass 2 GiB");
  }
  const int64_t doubled =
      std::min<int64_t>(byte_buffer_->size() * 2, std::numeric_limits<int32_t>::max());
  return byte_buffer_->Resize(std::max(needed, doubled), false);
}

Status TextWriter::Append(std::string_view text) {
  const int64_t end = size_ + static_cast<int64_t>(text.size());
  if (end > byte_buffer_->size()) ARROW_RETURN_NOT_OK(Grow(end));
  if (!text.empty()) std::memcpy(byte_buffer_->mutable_data() + size_, text.data(), text.size());
  size_ = end;
  AppendNothing();
  return Status::OK();
}

Result<Value> TextWriter::Finish(const ValueType& type, std::shared_ptr<arrow::Buffer> validity) {
  ARROW_RETURN_NOT_OK(byte_buffer_->Resize(size_, true));
  return MakeTextColumn(type, rows_, std::move(validity), std::move(offset_buffer_),
                        std::move(byte_buffer_));
}

Result<Value> Broadcast(const Value& value, int64_t rows, arrow::MemoryPool* pool) {
  if (!value.single) return value;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Scalar> scalar,
                        arrow::MakeArray(value.data)->GetScalar(0));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> array,
                        arrow::MakeArrayFromScalar(*scalar, rows, pool));
  return Value{array->data()};
}

}  // namespace spillway::expression
