#include "join/coded_payload.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/hashing.h>

#include "join/gather.h"
#include "join/key_type.h"
#include "join/row_bytes.h"
#include "join/stored_bits.h"

namespace spillway::join {
namespace {

using Code = uint16_t;
using Texts = arrow::internal::BinaryMemoTable<arrow::BinaryBuilder>;

constexpr int64_t kMostTexts = int64_t{1} << 16;
// Below that many rows for each text a number saves little.
constexpr int64_t kFewestRowsPerText = 16;
// Of the table that finds a text: slots of 16 bytes, at most half of them used after growing by
// four, and the smaller table while it grows; and the texts' ends.
constexpr int64_t kTableBytesPerText = 16 * 8 + 16 * 2 + 8;
constexpr int64_t kSmallestTableBytes = 8192;

class CodedPayload final : public PayloadColumn {
 public:
  CodedPayload(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool,
               int64_t expected_rows)
      : type_(std::move(type)),
        pool_(pool),
        texts_(std::make_unique<Texts>(pool)),
        codes_(pool, expected_rows),
        validity_(pool) {}

  Status Append(const std::shared_ptr<arrow::ArrayData>& array, int64_t first,
                int64_t count) override {
    while (plain_ == nullptr && count > 0) {
      const int64_t rows = std::min(count, kGroupRows);
      std::array<Code, kGroupRows> codes;
      ARROW_ASSIGN_OR_RAISE(const bool all_have_codes, Encode(*array, first, rows, codes.data()));
      if (!all_have_codes) {
        ARROW_RETURN_NOT_OK(GoOnPlain());
        break;
      }
      ARROW_RETURN_NOT_OK(validity_.Append(*array, first, rows));
      ARROW_RETURN_NOT_OK(
          codes_.Append(rows, [&codes](int64_t i) { return codes[static_cast<size_t>(i)]; }));
      first += rows;
      count -= rows;
    }
    return count == 0 ? Status::OK() : plain_->Append(array, first, count);
  }

  Status Finish() override {
    if (plain_ != nullptr) return plain_->Finish();
    ARROW_RETURN_NOT_OK(validity_.Finish());
    ARROW_RETURN_NOT_OK(codes_.Finish());
    ARROW_RETURN_NOT_OK(CopyTexts());
    texts_.reset();
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> Gather(const GatherRows& rows,
                                               arrow::MemoryPool* pool) const override {
    if (plain_ != nullptr) return plain_->Gather(rows, pool);
    ARROW_ASSIGN_OR_RAISE(auto validity, GatherValidity(validity_, rows, pool));
    ARROW_ASSIGN_OR_RAISE(const auto codes, GatherWords(codes_, rows, pool));
    ARROW_ASSIGN_OR_RAISE(GatheredBytes texts, Decode(reinterpret_cast<const Code*>(codes->data()),
                                                      rows.count, validity.get(), pool));
    return arrow::MakeArray(arrow::ArrayData::Make(
        type_, rows.count,
        {std::move(validity), std::move(texts.offsets), std::move(texts.bytes)}));
  }

  int64_t allocated_bytes() const override {
    if (plain_ != nullptr) return plain_->allocated_bytes();
    return validity_.allocated_bytes() + codes_.allocated_bytes() +
           (ends_ == nullptr ? 0 : ends_->capacity() + bytes_->capacity());
  }

 private:
  static constexpr int64_t kGroupRows = 1024;

  // Whether all rows have a code; a NULL's is any.
  Result<bool> Encode(const arrow::ArrayData& array, int64_t first, int64_t rows, Code* codes) {
    const BytesReader values(array);
    const uint8_t* valid = array.MayHaveNulls() ? array.buffers[0]->data() : nullptr;
    for (int64_t i = 0; i < rows; ++i) {
      codes[i] = 0;
      if (valid != nullptr && !arrow::bit_util::GetBit(valid, array.offset + first + i)) continue;
      const std::string_view text = values[first + i];
      int32_t code = 0;
      ARROW_RETURN_NOT_OK(
          texts_->GetOrInsert(text.data(), static_cast<int32_t>(text.size()), &code));
      if (code >= kMostTexts) return false;
      codes[i] = static_cast<Code>(code);
    }
    return true;
  }

  // The texts one behind another, in the order of their codes.
  Status CopyTexts() {
    const int64_t count = texts_->size();
    ARROW_ASSIGN_OR_RAISE(
        ends_, arrow::AllocateBuffer((count + 1) * static_cast<int64_t>(sizeof(int32_t)), pool_));
    texts_->CopyOffsets(reinterpret_cast<int32_t*>(ends_->mutable_data()));
    ARROW_ASSIGN_OR_RAISE(bytes_, arrow::AllocateBuffer(texts_->values_size(), pool_));
    if (texts_->values_size() > 0) texts_->CopyValues(bytes_->mutable_data());
    return Status::OK();
  }

  Result<GatheredBytes> Decode(const Code* codes, int64_t rows, const arrow::Buffer* validity,
                               arrow::MemoryPool* pool) const {
    const auto* ends = reinterpret_cast<const int32_t*>(ends_->data());
    // Without a text there is no NULL's code 0 either.
    const bool has_texts = ends_->size() > static_cast<int64_t>(sizeof(int32_t));
    const auto size_of = [&](int64_t i) {
      const bool is_valid =
          has_texts && (validity == nullptr || arrow::bit_util::GetBit(validity->data(), i));
      return is_valid ? ends[codes[i] + 1] - ends[codes[i]] : 0;
    };
    return GatherTexts(rows, pool, size_of, [&](int64_t i, uint8_t* out, int64_t size) {
      if (size > 0) CopyValue(out, bytes_->data() + ends[codes[i]], size);
    });
  }

  // Gives all rows that came so far to a column without codes.
  Status GoOnPlain() {
    ARROW_RETURN_NOT_OK(CopyTexts());
    auto plain = MakePlainPayload(type_, pool_, codes_.size());
    for (int64_t row = 0; row < codes_.size(); row += kMostTexts) {
      std::vector<int64_t> numbers;
      for (int64_t i = row; i < std::min(codes_.size(), row + kMostTexts); ++i) {
        numbers.push_back(i);
      }
      ARROW_ASSIGN_OR_RAISE(
          const auto rows,
          Gather({.rows = numbers.data(), .count = static_cast<int64_t>(numbers.size())}, pool_));
      ARROW_RETURN_NOT_OK(plain->Append(rows->data(), 0, rows->length()));
    }
    plain_ = std::move(plain);
    texts_.reset();
    ends_.reset();
    bytes_.reset();
    codes_ = Words<Code>(pool_, 0);
    validity_ = StoredValidity(pool_);
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<Texts> texts_;  // until Finish
  Words<Code> codes_;
  StoredValidity validity_;
  std::unique_ptr<arrow::Buffer> ends_;  // of the texts: int32, one more than there are
  std::unique_ptr<arrow::Buffer> bytes_;
  std::unique_ptr<PayloadColumn> plain_;  // instead of all of it
};

}  // namespace

std::unique_ptr<PayloadColumn> MakeCodedPayload(const std::shared_ptr<arrow::DataType>& type,
                                                arrow::MemoryPool* pool, int64_t expected_rows) {
  return std::make_unique<CodedPayload>(type, pool, expected_rows);
}

bool PaysCoding(const arrow::DataType& type, int64_t rows, const ValueSet& values) {
  const bool is_text = type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
  return is_text && values.count <= kMostTexts && values.count * kFewestRowsPerText <= rows;
}

int64_t EstimateCodedBytes(int64_t rows, const ValueSet& values) {
  return StoredBits::EstimateBytes(rows) + Words<Code>::EstimateBytes(rows) + kSmallestTableBytes +
         values.count * kTableBytesPerText + 4 * values.bytes;
}

}  // namespace spillway::join
