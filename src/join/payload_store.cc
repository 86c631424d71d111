#include "join/payload_store.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

namespace spillway::join {
namespace {

using Code = TextCodes::Code;

// Rows that are encoded together.
constexpr int64_t kGroup = 1024;
constexpr std::array<Code, kGroup> kNoCodes = {};

}  // namespace

PayloadStore::PayloadStore(std::shared_ptr<arrow::Schema> schema, std::vector<Column> columns,
                           std::vector<size_t> in_records, PayloadRecords records,
                           arrow::MemoryPool* pool)
    : schema_(std::move(schema)),
      columns_(std::move(columns)),
      in_records_(std::move(in_records)),
      records_(std::move(records)),
      pool_(pool) {}

Result<std::unique_ptr<PayloadStore>> PayloadStore::Make(std::shared_ptr<arrow::Schema> schema,
                                                         const std::vector<bool>& coded,
                                                         arrow::MemoryPool* pool,
                                                         int64_t expected_rows) {
  std::vector<Column> columns(coded.size());
  std::vector<size_t> in_records;
  std::vector<int> widths;
  for (size_t i = 0; i < coded.size(); ++i) {
    const auto& type = schema->field(static_cast<int>(i))->type();
    int width = RecordWidth(*type);
    if (coded[i]) {
      columns[i].texts = std::make_unique<TextCodes>(type, pool);
      width = sizeof(Code);
    }
    if (width > 0) {
      in_records.push_back(i);
      widths.push_back(width);
    } else {
      ARROW_ASSIGN_OR_RAISE(columns[i].other, PayloadColumn::Make(type, pool, expected_rows));
    }
  }
  return std::unique_ptr<PayloadStore>(
      new PayloadStore(std::move(schema), std::move(columns), std::move(in_records),
                       PayloadRecords(widths, pool, expected_rows), pool));
}

int64_t PayloadStore::EstimateBytes(int64_t rows, const std::vector<ColumnSize>& columns) {
  int64_t bytes = 0;
  std::vector<int> widths;
  for (const ColumnSize& column : columns) {
    if (IsCoded(column, rows)) {
      bytes += TextCodes::EstimateBytes(*column.values);
      widths.push_back(sizeof(Code));
    } else if (const int width = RecordWidth(*column.type); width > 0) {
      widths.push_back(width);
    } else {
      bytes += PayloadColumn::EstimateBytes(*column.type, rows, column.value_bytes);
    }
  }
  return bytes + PayloadRecords::EstimateBytes(rows, widths);
}

bool PayloadStore::IsCoded(const ColumnSize& column, int64_t rows) {
  return column.values && TextCodes::Pays(*column.type, rows, *column.values);
}

Status PayloadStore::Append(const arrow::ArrayDataVector& columns, int64_t first, int64_t count) {
  for (int64_t done = 0; done < count && !in_records_.empty(); done += kGroup) {
    ARROW_RETURN_NOT_OK(AppendRecords(columns, first + done, std::min(kGroup, count - done)));
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool is_apart = std::ranges::find(in_records_, i) == in_records_.end();
    if (is_apart) ARROW_RETURN_NOT_OK(columns_[i].other->Append(columns[i], first, count));
  }
  return Status::OK();
}

// At most kGroup rows.
Status PayloadStore::AppendRecords(const arrow::ArrayDataVector& columns, int64_t first,
                                   int64_t rows) {
  std::vector<PayloadRecords::Source> sources;
  std::vector<std::array<Code, kGroup>> codes(in_records_.size());
  for (size_t i = 0; i < in_records_.size(); ++i) {
    Column& column = columns_[in_records_[i]];
    const arrow::ArrayData& array = *columns[in_records_[i]];
    PayloadRecords::Source source = {
        .validity = array.MayHaveNulls() ? array.buffers[0]->data() : nullptr,
        .first_bit = array.offset + first};
    if (column.texts != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const bool all_have_codes,
                            column.texts->Encode(array, first, rows, codes[i].data()));
      if (!all_have_codes) ARROW_RETURN_NOT_OK(GoOnPlain(i));
      source.values = reinterpret_cast<const uint8_t*>(codes[i].data());
    } else if (column.other == nullptr) {
      const int width = schema_->field(static_cast<int>(in_records_[i]))->type()->byte_width();
      source.values = array.buffers[1]->data() + (array.offset + first) * width;
    }
    if (column.other != nullptr) {
      ARROW_RETURN_NOT_OK(column.other->Append(columns[in_records_[i]], first, rows));
      source = {.values = reinterpret_cast<const uint8_t*>(kNoCodes.data())};
    }
    sources.push_back(source);
  }
  return records_.Append(sources, rows);
}

// Gives all texts of a column of the records that came so far to a column without codes.
Status PayloadStore::GoOnPlain(size_t number) {
  Column& column = columns_[in_records_[number]];
  const auto& type = schema_->field(static_cast<int>(in_records_[number]))->type();
  ARROW_RETURN_NOT_OK(column.texts->Finish());
  ARROW_ASSIGN_OR_RAISE(column.other, PayloadColumn::Make(type, pool_, records_.rows()));
  std::array<int64_t, kGroup> numbers;
  for (int64_t row = 0; row < records_.rows(); row += kGroup) {
    const int64_t rows = std::min(kGroup, records_.rows() - row);
    std::iota(numbers.begin(), numbers.begin() + rows, row);
    ARROW_ASSIGN_OR_RAISE(auto gathered,
                          records_.Gather({.rows = numbers.data(), .count = rows}, pool_));
    auto& [validity, codes] = gathered[number];
    ARROW_ASSIGN_OR_RAISE(
        const auto texts,
        PlainTexts(column.texts->Decode(std::move(codes), rows, std::move(validity)), pool_));
    ARROW_RETURN_NOT_OK(column.other->Append(texts->data(), 0, rows));
  }
  column.texts.reset();
  return Status::OK();
}

Status PayloadStore::Finish() {
  for (const Column& column : columns_) {
    if (column.texts != nullptr) ARROW_RETURN_NOT_OK(column.texts->Finish());
    if (column.other != nullptr) ARROW_RETURN_NOT_OK(column.other->Finish());
  }
  return records_.Finish();
}

Result<arrow::ArrayVector> PayloadStore::Gather(const GatherRows& rows,
                                                arrow::MemoryPool* pool) const {
  arrow::ArrayVector arrays(columns_.size());
  ARROW_ASSIGN_OR_RAISE(auto records, records_.Gather(rows, pool));
  for (size_t i = 0; i < in_records_.size(); ++i) {
    const Column& column = columns_[in_records_[i]];
    auto& array = arrays[in_records_[i]];
    auto& [validity, values] = records[i];
    if (column.texts != nullptr) {
      array = column.texts->Decode(std::move(values), rows.count, std::move(validity));
    } else if (column.other == nullptr) {
      array = arrow::MakeArray(
          arrow::ArrayData::Make(schema_->field(static_cast<int>(in_records_[i]))->type(),
                                 rows.count, {std::move(validity), std::move(values)}));
    }
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].other == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(arrays[i], columns_[i].other->Gather(rows, pool));
  }
  return arrays;
}

int64_t PayloadStore::allocated_bytes() const {
  int64_t bytes = records_.allocated_bytes();
  for (const Column& column : columns_) {
    if (column.texts != nullptr) bytes += column.texts->allocated_bytes();
    if (column.other != nullptr) bytes += column.other->allocated_bytes();
  }
  return bytes;
}

}  // namespace spillway::join
