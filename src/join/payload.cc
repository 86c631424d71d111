#include "join/payload.h"

#include <utility>

#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "join/gather.h"
#include "join/key_type.h"
#include "join/nested_payload.h"
#include "join/stored_bits.h"
#include "join/stored_bytes.h"

namespace spillway::join {
namespace {

// How a payload type is stored.
enum class Form { kBits, kWord8, kWord16, kWord32, kWord64, kWord128, kBytes, kNested };

Form FormOf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::BOOL) return Form::kBits;
  if (type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY) return Form::kBytes;
  if (!arrow::is_primitive(type.id()) && type.id() != arrow::Type::DECIMAL128) return Form::kNested;
  switch (type.byte_width()) {
    case 1:
      return Form::kWord8;
    case 2:
      return Form::kWord16;
    case 4:
      return Form::kWord32;
    case 8:
      return Form::kWord64;
    case 16:
      return Form::kWord128;
    default:
      return Form::kNested;
  }
}

template <typename Word>
class WordPayload final : public PayloadColumn {
 public:
  WordPayload(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool, int64_t expected_rows)
      : type_(std::move(type)), words_(pool, expected_rows), validity_(pool) {}

  Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                int64_t count) override {
    ARROW_RETURN_NOT_OK(validity_.Append(*array, first, count));
    const WordReader<Word> values(*array);
    return words_.Append(count, [&](int64_t i) { return values[first + i]; });
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(validity_.Finish());
    return words_.Finish();
  }

  Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                               arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto validity, GatherValidity(validity_, rows, pool));
    ARROW_ASSIGN_OR_RAISE(auto values, GatherWords(words_, rows, pool));
    return arrow::MakeArray(
        arrow::ArrayData::Make(type_, rows.count, {std::move(validity), std::move(values)}));
  }

  int64_t allocated_bytes() const override {
    return validity_.allocated_bytes() + words_.allocated_bytes();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  Words<Word> words_;
  StoredValidity validity_;
};

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

std::unique_ptr<PayloadColumn> MakePlainPayload(const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool, int64_t expected_rows) {
  return std::make_unique<BytesPayload>(type, pool, expected_rows);
}

Result<std::unique_ptr<PayloadColumn>> PayloadColumn::Make(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool, int64_t expected_rows) {
  switch (FormOf(*type)) {
    case Form::kBits:
      return std::make_unique<BitsPayload>(type, pool);
    case Form::kWord8:
      return std::make_unique<WordPayload<uint8_t>>(type, pool, expected_rows);
    case Form::kWord16:
      return std::make_unique<WordPayload<uint16_t>>(type, pool, expected_rows);
    case Form::kWord32:
      return std::make_unique<WordPayload<uint32_t>>(type, pool, expected_rows);
    case Form::kWord64:
      return std::make_unique<WordPayload<uint64_t>>(type, pool, expected_rows);
    case Form::kWord128:
      return std::make_unique<WordPayload<Word128>>(type, pool, expected_rows);
    case Form::kBytes:
      return MakePlainPayload(type, pool, expected_rows);
    case Form::kNested:
      break;
  }
  return MakeNestedPayload(type, pool);
}

int64_t PayloadColumn::EstimateBytes(const arrow::DataType& type, int64_t rows,
                                     int64_t value_bytes) {
  const int64_t bits = StoredBits::EstimateBytes(rows);
  switch (FormOf(type)) {
    case Form::kBits:
      return bits + bits;
    case Form::kWord8:
      return bits + Words<uint8_t>::EstimateBytes(rows);
    case Form::kWord16:
      return bits + Words<uint16_t>::EstimateBytes(rows);
    case Form::kWord32:
      return bits + Words<uint32_t>::EstimateBytes(rows);
    case Form::kWord64:
      return bits + Words<uint64_t>::EstimateBytes(rows);
    case Form::kWord128:
      return bits + Words<Word128>::EstimateBytes(rows);
    case Form::kBytes:
      return bits + StoredBytes::EstimateBytes(rows, value_bytes);
    case Form::kNested:
      break;
  }
  return EstimateNestedBytes(type, rows, value_bytes);
}

}  // namespace spillway::join
