// Values are found a group at a time, as places in the page or its dictionary, and copied while
// their bytes are in the caches. An array is made in place: its offsets have their size from the
// start, and its bytes that of the last array, which is about right.
#include "parquet/text_column_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_generate.h>

#include "base/row_bytes.h"

namespace spillway::parquet {
namespace {

using ::parquet::Encoding;

constexpr int64_t kMostBytes = std::numeric_limits<int32_t>::max();  // of an array's values
constexpr int64_t kFewestBytes = 1024;
constexpr int64_t kSpareShare = 8;   // of an array's values, that may be left over behind them
constexpr int64_t kLengthBytes = 4;  // in front of a PLAIN value

bool IsDictionary(Encoding::type encoding) {
  return encoding == Encoding::RLE_DICTIONARY || encoding == Encoding::PLAIN_DICTIONARY;
}

}  // namespace

struct TextColumnReader::Column {
  int64_t rows = 0;
  int64_t null_count = 0;
  int64_t bytes = 0;
  std::unique_ptr<arrow::Buffer> offsets;
  std::shared_ptr<arrow::Buffer> validity;  // null where no row can be NULL
  std::unique_ptr<arrow::ResizableBuffer> values;

  static Result<Column> Make(int64_t rows, bool is_nullable, int64_t bytes,
                             arrow::MemoryPool* pool) {
    Column column;
    ARROW_ASSIGN_OR_RAISE(
        column.offsets,
        arrow::AllocateBuffer((rows + 1) * static_cast<int64_t>(sizeof(int32_t)), pool));
    column.ends()[-1] = 0;
    if (is_nullable) {
      ARROW_ASSIGN_OR_RAISE(column.validity, arrow::AllocateBitmap(rows, pool));
    }
    ARROW_ASSIGN_OR_RAISE(column.values, arrow::AllocateResizableBuffer(bytes, pool));
    return column;
  }

  // Behind the offset with which the next row begins: where it ends.
  int32_t* ends() { return reinterpret_cast<int32_t*>(offsets->mutable_data()) + rows + 1; }

  Status MakeRoom(int64_t more) {
    if (bytes + more <= values->size()) return Status::OK();
    return values->Resize(std::max(bytes + more, std::min(2 * values->size(), kMostBytes)));
  }
};

bool TextColumnReader::Serves(const ::parquet::ColumnDescriptor& leaf) {
  return leaf.physical_type() == ::parquet::Type::BYTE_ARRAY && leaf.max_repetition_level() == 0 &&
         leaf.max_definition_level() <= 1 && leaf.schema_node()->parent()->parent() == nullptr;
}

TextColumnReader::TextColumnReader(std::unique_ptr<::parquet::PageReader> pages,
                                   const ::parquet::ColumnDescriptor& leaf,
                                   std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
    : pages_(std::move(pages)), leaf_(leaf), type_(std::move(type)), pool_(pool) {}

Result<std::shared_ptr<arrow::Array>> TextColumnReader::Next(int64_t rows) {
  if (next_row_ == group_rows_) ARROW_RETURN_NOT_OK(FindGroup());
  ARROW_ASSIGN_OR_RAISE(Column column, Column::Make(rows, leaf_.max_definition_level() > 0,
                                                    LikelyBytes(rows), pool_));
  while (column.rows < rows) {
    if (next_row_ == group_rows_) ARROW_RETURN_NOT_OK(FindGroup());
    const auto wanted =
        static_cast<int>(std::min<int64_t>(rows - column.rows, group_rows_ - next_row_));
    ARROW_ASSIGN_OR_RAISE(const int taken, TakeRows(wanted, &column));
    if (taken < wanted) break;
  }
  bytes_per_row_ = static_cast<double>(column.bytes) / static_cast<double>(column.rows);
  const bool is_wasteful = column.values->size() - column.bytes > column.bytes / kSpareShare;
  ARROW_RETURN_NOT_OK(column.values->Resize(column.bytes, /*shrink_to_fit=*/is_wasteful));
  if (column.null_count == 0) column.validity.reset();
  return arrow::MakeArray(arrow::ArrayData::Make(
      type_, column.rows,
      {std::move(column.validity), std::move(column.offsets), std::move(column.values)},
      column.null_count));
}

// What the next rows will probably take: as much as those before them or, at the start, as those of
// the first group; a little more, for otherwise half of the arrays would have to grow.
int64_t TextColumnReader::LikelyBytes(int64_t rows) const {
  double bytes_per_row = bytes_per_row_;
  if (bytes_per_row == 0) {
    int64_t bytes = 0;
    for (int i = 0; i < group_values_found_; ++i) bytes += group_values_[i].len;
    bytes_per_row = static_cast<double>(bytes) / group_rows_;
  }
  const double likely = bytes_per_row * static_cast<double>(rows) * (1 + 0.5 / kSpareShare);
  return static_cast<int64_t>(std::clamp(likely, double{kFewestBytes}, double{kMostBytes}));
}

// Moves up to `rows` rows of the group to the column, fewer where it becomes full; returns how
// many.
Result<int> TextColumnReader::TakeRows(int rows, Column* column) {
  const int16_t* const levels = group_levels_ + next_row_;
  const ::parquet::ByteArray* value = group_values_ + next_value_;
  int valid = rows;
  if (group_values_found_ < group_rows_) {
    valid = static_cast<int>(std::count(levels, levels + rows, int16_t{1}));
  }
  int64_t bytes = 0;
  for (int i = 0; i < valid; ++i) bytes += value[i].len;
  if (column->bytes + bytes > kMostBytes) {
    if (rows > 1) return TakeRows(rows / 2, column);
    if (column->rows == 0) return Status::CapacityError("a value of ", bytes, " bytes");
    return 0;
  }
  ARROW_RETURN_NOT_OK(column->MakeRoom(bytes));
  int32_t* const ends = column->ends();
  uint8_t* const out = column->values->mutable_data();
  int64_t end = column->bytes;
  const auto append = [&] {
    CopyValue(out + end, value->ptr, value->len);
    end += value->len;
    ++value;
  };
  if (valid == rows) {
    for (int i = 0; i < rows; ++i) {
      append();
      ends[i] = static_cast<int32_t>(end);
    }
  } else {
    for (int i = 0; i < rows; ++i) {
      if (levels[i] != 0) append();
      ends[i] = static_cast<int32_t>(end);
    }
  }
  if (column->validity != nullptr && valid == rows) {
    arrow::bit_util::SetBitsTo(column->validity->mutable_data(), column->rows, rows, true);
  } else if (column->validity != nullptr) {
    arrow::internal::GenerateBitsUnrolled(column->validity->mutable_data(), column->rows, rows,
                                          [level = levels]() mutable { return *level++ != 0; });
  }
  next_row_ += rows;
  next_value_ += valid;
  column->rows += rows;
  column->null_count += rows - valid;
  column->bytes = end;
  return rows;
}

Status TextColumnReader::FindGroup() {
  while (page_rows_left_ == 0) ARROW_RETURN_NOT_OK(OpenPage());
  const int rows = std::min(page_rows_left_, kGroupRows);
  ARROW_RETURN_NOT_OK(MakeRoomForGroup(rows));
  int valid = rows;
  if (leaf_.max_definition_level() > 0) {
    if (levels_.Decode(rows, group_levels_) != rows) {
      return Status::Invalid("a page has fewer levels than values");
    }
    valid = static_cast<int>(std::count(group_levels_, group_levels_ + rows, int16_t{1}));
  }
  if (valid > 0 && decoder_->Decode(group_values_, valid) != valid) {
    return Status::Invalid("a page has fewer values than it says");
  }
  page_rows_left_ -= rows;
  group_rows_ = rows;
  group_values_found_ = valid;
  next_row_ = next_value_ = 0;
  return Status::OK();
}

// The group is empty.
Status TextColumnReader::MakeRoomForGroup(int rows) {
  if (rows <= group_room_) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(group_, arrow::AllocateBuffer(rows * kGroupRowBytes, pool_));
  group_room_ = rows;
  group_values_ = reinterpret_cast<::parquet::ByteArray*>(group_->mutable_data());
  group_levels_ = reinterpret_cast<int16_t*>(group_values_ + rows);
  return Status::OK();
}

Status TextColumnReader::OpenPage() {
  page_ = pages_->NextPage();
  if (page_ == nullptr) {
    return Status::Invalid("a column chunk has fewer rows than the footer says");
  }
  switch (page_->type()) {
    case ::parquet::PageType::DICTIONARY_PAGE:
      return OpenDictionary(static_cast<const ::parquet::DictionaryPage&>(*page_));
    case ::parquet::PageType::DATA_PAGE:
    case ::parquet::PageType::DATA_PAGE_V2:
      return OpenData(static_cast<const ::parquet::DataPage&>(*page_));
    default:
      return Status::OK();  // an index, or what future writers add
  }
}

Status TextColumnReader::OpenDictionary(const ::parquet::DictionaryPage& page) {
  if (dictionary_ != nullptr) return Status::Invalid("a column chunk has two dictionaries");
  if (page.encoding() != Encoding::PLAIN && page.encoding() != Encoding::PLAIN_DICTIONARY) {
    return Status::Invalid("a dictionary is not PLAIN");
  }
  // Before parquet-cpp makes room for as many values as the header says.
  if (page.num_values() < 0 || page.num_values() * kLengthBytes > page.size()) {
    return Status::Invalid("a dictionary has fewer values than it says");
  }
  const auto values =
      ::parquet::MakeTypedDecoder<::parquet::ByteArrayType>(Encoding::PLAIN, &leaf_, pool_);
  values->SetData(page.num_values(), page.data(), page.size());
  dictionary_ = ::parquet::MakeDictDecoder<::parquet::ByteArrayType>(&leaf_, pool_);
  dictionary_->SetDict(values.get());
  return Status::OK();
}

Status TextColumnReader::OpenData(const ::parquet::DataPage& page) {
  ARROW_ASSIGN_OR_RAISE(const int64_t level_bytes, OpenLevels(page));
  if (level_bytes > page.size()) return Status::Invalid("a page is shorter than its levels");
  ARROW_ASSIGN_OR_RAISE(decoder_, DecoderOf(page.encoding()));
  decoder_->SetData(page.num_values(), page.data() + level_bytes,
                    page.size() - static_cast<int>(level_bytes));
  page_rows_left_ = page.num_values();
  return Status::OK();
}

// The bytes of the levels, with which the page starts.
Result<int64_t> TextColumnReader::OpenLevels(const ::parquet::DataPage& page) {
  const int16_t max_level = leaf_.max_definition_level();
  if (page.type() == ::parquet::PageType::DATA_PAGE) {
    if (max_level == 0) return 0;
    return levels_.SetData(
        static_cast<const ::parquet::DataPageV1&>(page).definition_level_encoding(), max_level,
        page.num_values(), page.data(), page.size());
  }
  const auto& second = static_cast<const ::parquet::DataPageV2&>(page);
  const int64_t repetition_bytes = second.repetition_levels_byte_length();
  const int64_t definition_bytes = second.definition_levels_byte_length();
  if (repetition_bytes < 0 || definition_bytes < 0 ||
      repetition_bytes + definition_bytes > page.size()) {
    return Status::Invalid("a page is shorter than its levels");
  }
  if (max_level > 0) {
    levels_.SetDataV2(static_cast<int32_t>(definition_bytes), max_level, page.num_values(),
                      page.data() + repetition_bytes);
  }
  return repetition_bytes + definition_bytes;
}

Result<TextColumnReader::Decoder*> TextColumnReader::DecoderOf(Encoding::type encoding) {
  if (IsDictionary(encoding)) {
    if (dictionary_ == nullptr)
      return Status::Invalid("a page wants a dictionary, and there is none");
    return dictionary_.get();
  }
  std::unique_ptr<Decoder>& decoder = decoders_[encoding];
  if (decoder == nullptr) {
    decoder = ::parquet::MakeTypedDecoder<::parquet::ByteArrayType>(encoding, &leaf_, pool_);
  }
  return decoder.get();
}

}  // namespace spillway::parquet
