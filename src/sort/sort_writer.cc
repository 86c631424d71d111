// Records lie in the buffer in the order in which they came; what is sorted are 16 bytes for each.
// Eight of them are bytes of the key, behind those that all keys in the buffer share, so that most
// comparisons read no record.
//
//   buffer:  | record | record | record | ->       <- | entry 2 | entry 1 | entry 0 |
//
// Sorting n records costs n log n comparisons; memory is the buffer's, which never grows but for a
// row that is longer.
#include "sort/sort_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/endian.h>
#include <fmt/format.h>

#include "base/error.h"

namespace spillway::sort {
namespace {

constexpr int64_t kNestedBytes = 64 * 1024;  // of a group of nested values, and what pools round up
constexpr int64_t kRecordsAhead = 8;         // whose bytes are asked for before they are copied

arrow::DataTypeVector KeyTypes(const SortOptions& options) {
  arrow::DataTypeVector types;
  for (const int column : options.key_columns)
    types.push_back(options.schema->field(column)->type());
  return types;
}

int64_t CommonBytes(std::span<const uint8_t> left, std::span<const uint8_t> right, int64_t most) {
  const auto end = left.begin() + most;
  return std::mismatch(left.begin(), end, right.begin()).first - left.begin();
}

}  // namespace

SortWriter::SortWriter(SortState* state, std::unique_ptr<arrow::Buffer> buffer)
    : state_(state),
      buffer_(std::move(buffer)),
      keys_(KeyTypes(state->options)),
      rows_(state->format, state->options.pool),
      spiller_(state) {}

Result<std::unique_ptr<SortWriter>> SortWriter::Make(SortState* state) {
  ARROW_ASSIGN_OR_RAISE(
      auto buffer, arrow::AllocateBuffer(state->options.sizes.lane_bytes, state->options.pool));
  return std::unique_ptr<SortWriter>(new SortWriter(state, std::move(buffer)));
}

int64_t SortWriter::EstimateBytes(const SortSizes& sizes, bool compress) {
  return sizes.lane_bytes + kNestedBytes +
         RunSpiller::EstimateBytes(RunSpiller::kRunsPerWriter, sizes, compress);
}

Status SortWriter::Append(const arrow::RecordBatch& batch, const arrow::Int64Array& numbers) {
  const bool fits = std::ranges::equal(
      batch.columns(), state_->options.schema->fields(),
      [](const auto& column, const auto& field) { return column->type()->Equals(*field->type()); });
  if (!fits) {
    return MakeError({.code = ErrorCode::kInternal,
                      .what = "a batch to be sorted has other columns than the sort's schema",
                      .why = batch.schema()->ToString()});
  }
  std::vector<const arrow::ArrayData*> keys;
  std::vector<const arrow::ArrayData*> columns;
  for (const int column : state_->options.key_columns) {
    keys.push_back(batch.column_data(column).get());
  }
  for (int column = 0; column < batch.num_columns(); ++column) {
    columns.push_back(batch.column_data(column).get());
  }
  keys_.StartBatch(std::move(keys));
  rows_.StartBatch({}, std::move(columns));
  for (int64_t first = 0; first < batch.num_rows(); first += kGroupRows) {
    ARROW_RETURN_NOT_OK(
        AppendGroup(numbers, first, std::min(kGroupRows, batch.num_rows() - first)));
  }
  return Status::OK();
}

// Takes room for the group's rows and then fills it column by column. Before the buffer is sorted,
// the rows that have room so far are filled.
Status SortWriter::AppendGroup(const arrow::Int64Array& numbers, int64_t first, int64_t count) {
  std::iota(positions_.begin(), positions_.begin() + count, first);
  ARROW_RETURN_NOT_OK(rows_.Measure(positions_.data(), count, row_sizes_.data()));
  keys_.Measure(first, count, key_sizes_.data());
  int64_t written = 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t bytes = kHeaderBytes + key_sizes_[at] + kNumberBytes + row_sizes_[at];
    if (!HasRoom(bytes)) {
      WriteRecords(numbers, first, written, i);
      written = i;
      ARROW_RETURN_NOT_OK(EndRun());
      ARROW_RETURN_NOT_OK(MakeRoom(bytes));
    }
    AddRecord(i, bytes);
  }
  WriteRecords(numbers, first, written, count);
  return Status::OK();
}

SortWriter::Entry* SortWriter::entries() const {
  auto* end = reinterpret_cast<Entry*>(buffer_->mutable_data() + buffer_->size());
  return end - num_records_;
}

bool SortWriter::HasRoom(int64_t bytes) const {
  const int64_t entry_bytes = (num_records_ + 1) * static_cast<int64_t>(sizeof(Entry));
  return buffer_->size() - used_bytes_ - entry_bytes >= bytes;
}

// Makes the empty buffer large enough for one record.
Status SortWriter::MakeRoom(int64_t bytes) {
  if (HasRoom(bytes)) return Status::OK();
  if (bytes > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a row of ", bytes, " bytes is too long to be sorted");
  }
  buffer_.reset();
  ARROW_ASSIGN_OR_RAISE(
      buffer_,
      arrow::AllocateBuffer((bytes + int64_t{sizeof(Entry)} + 63) / 64 * 64, state_->options.pool));
  return Status::OK();
}

// Takes room for row i of the group.
void SortWriter::AddRecord(int64_t i, int64_t bytes) {
  const auto at = static_cast<size_t>(i);
  uint8_t* record = buffer_->mutable_data() + used_bytes_;
  Store(record, RecordHeader{.bytes = static_cast<uint32_t>(bytes),
                             .key_bytes = static_cast<uint32_t>(key_sizes_[at] + kNumberBytes)});
  records_[at] = record;
  at_[at] = record + kHeaderBytes;
  ++num_records_;
  entries()[0] = {.prefix = 0, .offset = static_cast<uint64_t>(used_bytes_)};
  used_bytes_ += bytes;
}

// Fills the rows [begin, end) of the group that begins at row `first` of the batch.
void SortWriter::WriteRecords(const arrow::Int64Array& numbers, int64_t first, int64_t begin,
                              int64_t end) {
  if (begin == end) return;
  const auto offset = static_cast<size_t>(begin);
  keys_.Write(first + begin, end - begin, at_.data() + offset);
  for (int64_t i = begin; i < end; ++i) {
    uint8_t*& at = at_[static_cast<size_t>(i)];
    const auto number = static_cast<uint64_t>(numbers.Value(first + i));
    Store(at, arrow::bit_util::ToBigEndian(number));
    at += kNumberBytes;
    ShortenCommonKey(records_[static_cast<size_t>(i)]);
  }
  rows_.Write(begin, end - begin, at_.data() + offset);
}

void SortWriter::ShortenCommonKey(const uint8_t* record) {
  const auto key = RecordView(record).key_and_number();
  const auto first = RecordView(buffer_->data()).key_and_number();
  const auto before_number = [](std::span<const uint8_t> bytes) {
    return static_cast<int64_t>(bytes.size()) - kNumberBytes;
  };
  if (written_records_++ == 0) common_key_bytes_ = before_number(key);
  // Behind them every key has at least as many bytes as a prefix.
  const int64_t most = std::min(common_key_bytes_, before_number(key));
  common_key_bytes_ = CommonBytes(key, first, most);
}

void SortWriter::SortEntries() {
  const uint8_t* records = buffer_->data();
  const std::span<Entry> sorted(entries(), static_cast<size_t>(num_records_));
  const int64_t common = common_key_bytes_;
  for (Entry& entry : sorted) {
    const uint8_t* key = records + entry.offset + kHeaderBytes;
    entry.prefix = arrow::bit_util::FromBigEndian(Load<uint64_t>(key + common));
  }
  const auto rest_of = [records, common](const Entry& entry) {
    const auto before = static_cast<size_t>(common) + sizeof(entry.prefix);
    return RecordView(records + entry.offset).key_and_number().subspan(before);
  };
  std::ranges::sort(sorted, [&rest_of](const Entry& left, const Entry& right) {
    if (left.prefix != right.prefix) return left.prefix < right.prefix;
    const int order = Compare(rest_of(left), rest_of(right));
    return order != 0 ? order < 0 : left.offset < right.offset;
  });
}

Status SortWriter::EndRun() {
  if (num_records_ == 0) return Status::OK();
  SortEntries();
  ARROW_RETURN_NOT_OK(spiller_.StartRun());
  const Entry* sorted = entries();
  for (int64_t i = 0; i < num_records_; ++i) {
    const int64_t ahead = std::min(i + kRecordsAhead, num_records_ - 1);
    __builtin_prefetch(buffer_->data() + sorted[ahead].offset);
    ARROW_RETURN_NOT_OK(spiller_.Append(RecordView(buffer_->data() + sorted[i].offset)));
  }
  used_bytes_ = 0;
  num_records_ = 0;
  written_records_ = 0;
  return spiller_.EndRun();
}

Status SortWriter::Finish() {
  ARROW_RETURN_NOT_OK(EndRun());
  buffer_.reset();
  ARROW_ASSIGN_OR_RAISE(SpilledRuns runs, spiller_.Finish());
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->writers.push_back(std::move(runs));
  for (size_t i = 0; i < state_->seen_nulls.size(); ++i) {
    state_->seen_nulls[i] |= rows_.seen_nulls()[i];
  }
  return Status::OK();
}

}  // namespace spillway::sort
