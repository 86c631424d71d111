#include "join/text_codes.h"

#include <string_view>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/hashing.h>

#include "base/row_bytes.h"
#include "join/gather.h"
#include "join/key_type.h"

namespace spillway::join {
namespace {

constexpr int64_t kMostTexts = int64_t{1} << 16;
// Below that many rows for each text a number saves little.
constexpr int64_t kFewestRowsPerText = 16;
// Of the table that finds a text: slots of 16 bytes, at most half of them used after growing by
// four, and the smaller table while it grows; and the texts' ends.
constexpr int64_t kTableBytesPerText = 16 * 8 + 16 * 2 + 8;
constexpr int64_t kSmallestTableBytes = 8192;

}  // namespace

struct TextCodes::Table {
  explicit Table(arrow::MemoryPool* pool) : texts(pool) {}

  arrow::internal::BinaryMemoTable<arrow::BinaryBuilder> texts;
};

TextCodes::TextCodes(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
    : type_(std::move(type)), pool_(pool), table_(std::make_unique<Table>(pool)) {}

TextCodes::~TextCodes() = default;

bool TextCodes::Pays(const arrow::DataType& type, int64_t rows, const ValueSet& values) {
  return arrow::is_binary_like(type.id()) && values.count <= kMostTexts &&
         values.count * kFewestRowsPerText <= rows;
}

int64_t TextCodes::EstimateBytes(const ValueSet& values) {
  return kSmallestTableBytes + values.count * kTableBytesPerText + 4 * values.bytes;
}

Result<bool> TextCodes::Encode(const arrow::ArrayData& array, int64_t first, int64_t rows,
                               Code* codes) {
  const BytesReader values(array);
  const uint8_t* valid = array.MayHaveNulls() ? array.buffers[0]->data() : nullptr;
  for (int64_t i = 0; i < rows; ++i) {
    codes[i] = 0;
    if (valid != nullptr && !arrow::bit_util::GetBit(valid, array.offset + first + i)) continue;
    const std::string_view text = values[first + i];
    int32_t code = 0;
    ARROW_RETURN_NOT_OK(
        table_->texts.GetOrInsert(text.data(), static_cast<int32_t>(text.size()), &code));
    if (code >= kMostTexts) return false;
    codes[i] = static_cast<Code>(code);
  }
  return true;
}

// Keeps the texts alone, one behind another, in the order of their codes.
Status TextCodes::Finish() {
  const auto& texts = table_->texts;
  const int64_t count = texts.size();
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> ends,
      arrow::AllocateBuffer((count + 1) * static_cast<int64_t>(sizeof(int32_t)), pool_));
  texts.CopyOffsets(reinterpret_cast<int32_t*>(ends->mutable_data()));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(texts.values_size(), pool_));
  if (texts.values_size() > 0) texts.CopyValues(bytes->mutable_data());
  table_.reset();
  texts_ = arrow::MakeArray(
      arrow::ArrayData::Make(type_, count, {nullptr, std::move(ends), std::move(bytes)}, 0));
  return Status::OK();
}

std::shared_ptr<arrow::DictionaryArray> TextCodes::Decode(
    std::shared_ptr<arrow::Buffer> codes, int64_t rows,
    std::shared_ptr<arrow::Buffer> validity) const {
  auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::uint16(), type_), rows,
                                     {std::move(validity), std::move(codes)});
  data->dictionary = texts_->data();
  return std::make_shared<arrow::DictionaryArray>(std::move(data));
}

int64_t TextCodes::allocated_bytes() const {
  return texts_ == nullptr
             ? 0
             : texts_->data()->buffers[1]->capacity() + texts_->data()->buffers[2]->capacity();
}

Result<std::shared_ptr<arrow::Array>> PlainTexts(std::shared_ptr<arrow::Array> column,
                                                 arrow::MemoryPool* pool) {
  if (column->type_id() != arrow::Type::DICTIONARY) return column;
  const arrow::ArrayData& rows = *column->data();
  const BytesReader values(*rows.dictionary);
  const auto* codes = rows.GetValues<TextCodes::Code>(1);
  const auto text_of = [&](int64_t i) {
    return column->IsValid(i) ? values[codes[i]] : std::string_view();
  };
  ARROW_ASSIGN_OR_RAISE(
      GatheredBytes gathered,
      GatherTexts(
          rows.length, pool, [&](int64_t i) { return static_cast<int64_t>(text_of(i).size()); },
          [&](int64_t i, uint8_t* out, int64_t size) {
            if (size > 0) {
              CopyValue(out, reinterpret_cast<const uint8_t*>(text_of(i).data()), size);
            }
          }));
  std::shared_ptr<arrow::Buffer> validity;
  if (column->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, rows.buffers[0]->data(),
                                                                rows.offset, rows.length));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      rows.dictionary->type, rows.length,
      {std::move(validity), std::move(gathered.offsets), std::move(gathered.bytes)}));
}

}  // namespace spillway::join
