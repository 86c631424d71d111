#include "join/payload.h"

#include <bit>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "join/gather.h"
#include "join/nested_payload.h"
#include "join/stored_bits.h"
#include "join/stored_bytes.h"

namespace spillway::join {
namespace {

class BitsPayload final : public PayloadColumn {
 public:
  BitsPayload(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : type_(std::move(type)), bits_(pool), validity_(pool) {}

  Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                int64_t count) override {
    ARROW_RETURN_NOT_OK(validity_.Append(*array, first, count));
    if (count == 0) return Status::OK();
    return bits_.Append(array->buffers[1]->data(), array->offset + first, count);
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(validity_.Finish());
    return bits_.Finish();
  }

  Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                               arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto validity, GatherValidity(validity_, rows, pool));
    ARROW_ASSIGN_OR_RAISE(auto values, GatherBits(bits_, rows, pool));
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, rows.count, {std::move(validity), std::move(values)}));
  }

  int64_t allocated_bytes() const override {
    return validity_.allocated_bytes() + bits_.allocated_bytes();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  StoredBits bits_;
  StoredValidity validity_;
};

class BytesPayload final : public PayloadColumn {
 public:
  BytesPayload(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool,
               int64_t expected_rows)
      : type_(std::move(type)), values_(pool, expected_rows), validity_(pool) {}

  Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                int64_t count) override {
    ARROW_RETURN_NOT_OK(validity_.Append(*array, first, count));
    return values_.Append(*array, first, count);
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(validity_.Finish());
    return values_.Finish();
  }

  Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                               arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto validity, GatherValidity(validity_, rows, pool));
    ARROW_ASSIGN_OR_RAISE(GatheredBytes gathered, GatherBytes(values_, rows, pool));
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, rows.count,
        {std::move(validity), std::move(gathered.offsets), std::move(gathered.bytes)}));
  }

  int64_t allocated_bytes() const override {
    return validity_.allocated_bytes() + values_.allocated_bytes();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  StoredBytes values_;
  StoredValidity validity_;
};

}  // namespace

int RecordWidth(const arrow::DataType& type) {
  if (type.id() == arrow::Type::BOOL) return 0;
  if (!arrow::is_primitive(type.id()) && type.id() != arrow::Type::DECIMAL128) return 0;
  const auto width = static_cast<unsigned>(type.byte_width());
  return std::has_single_bit(width) && width <= 16 ? type.byte_width() : 0;
}

Result<std::unique_ptr<PayloadColumn>> PayloadColumn::Make(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool, int64_t expected_rows) {
  if (type->id() == arrow::Type::BOOL) return std::make_unique<BitsPayload>(type, pool);
  if (arrow::is_binary_like(type->id()))
    return std::make_unique<BytesPayload>(type, pool, expected_rows);
  return MakeNestedPayload(type, pool);
}

int64_t PayloadColumn::EstimateBytes(const arrow::DataType& type, int64_t rows,
                                     int64_t value_bytes) {
  const int64_t bits = StoredBits::EstimateBytes(rows);
  if (type.id() == arrow::Type::BOOL) return bits + bits;
  if (arrow::is_binary_like(type.id())) return bits + StoredBytes::EstimateBytes(rows, value_bytes);
  return EstimateNestedBytes(type, rows, value_bytes);
}

}  // namespace spillway::join
