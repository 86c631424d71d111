// A stream opens one row group after another. Of its columns,
// - texts at the top level come from a TextColumnReader each;
// - those of which only the validity is wanted come from a ValidityReader each;
// - all others come from a record batch reader of parquet-cpp's own. That reader would take several
//   row groups at once; but a column chunk with too few rows would then be filled up from the next
//   row group, shifted against the other columns, before anyone could notice. One row group at a
//   time, with its rows counted, can not.
// A reader may give fewer rows than it was asked for, where texts exceed 2 GiB. What the others
// have more is kept for the next batch.
#include "parquet/column_stream.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/thread_pool.h>
#include <parquet/file_reader.h>

#include "parquet/conform.h"
#include "parquet/int96_check.h"
#include "parquet/old_calendar.h"
#include "parquet/text_column_reader.h"
#include "parquet/throw_boundary.h"
#include "parquet/validity_reader.h"
#include "parquet/value_conversion.h"

namespace spillway::parquet {
namespace {

Status InColumn(const arrow::Field& column, const Status& status) {
  return status.WithMessage("column ", column.name(), ": ", status.message());
}

// Column number `index` of the plan, where it is one of texts.
struct TextColumn {
  size_t index;
  std::unique_ptr<TextColumnReader> reader = nullptr;
  std::shared_ptr<arrow::Array> decoded = nullptr;  // rows that no batch has yet, or null
};

// Takes the first `rows` rows off `*rest`, an array or a batch of at least so many; null when
// nothing is left.
template <typename Rows>
std::shared_ptr<Rows> TakeRows(std::shared_ptr<Rows>* rest, int64_t rows, int64_t rows_there) {
  if (rows_there == rows) return std::exchange(*rest, nullptr);
  auto first = (*rest)->Slice(0, rows);
  *rest = (*rest)->Slice(rows);
  return first;
}

class ColumnStream : public arrow::RecordBatchReader {
 public:
  ColumnStream(DataFile file, std::unique_ptr<ArrowReader> reader, ReadPlan plan,
               std::vector<BatchSize> batch_sizes, int first_row_group, bool threads)
      : file_(std::move(file)),
        calendar_(file_),
        reader_(std::move(reader)),
        plan_(std::move(plan)),
        batch_sizes_(std::move(batch_sizes)),
        first_row_group_(first_row_group),
        threads_(threads),
        validity_(plan_.columns.size()) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      fields.push_back(plan_.columns[i].wanted);
      if (plan_.columns[i].text_leaf >= 0) texts_.push_back({.index = i});
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    // After a failure there is nothing to go on with, least of all rows at the wrong place.
    if (failure_.ok()) failure_ = ReadError(CatchParquet([&] { return Next(batch); }), file_.path);
    return failure_;
  }

 private:
  arrow::MemoryPool* pool() const { return file_.properties.memory_pool(); }

  Status Next(std::shared_ptr<arrow::RecordBatch>* batch) {
    *batch = nullptr;
    while (rows_left_ == 0) {
      if (opened_ == batch_sizes_.size()) return Status::OK();
      ARROW_RETURN_NOT_OK(OpenRowGroup());
    }
    const int64_t rows = std::min(batch_sizes_[opened_ - 1].next_rows(), rows_left_);
    ARROW_RETURN_NOT_OK(Decode(rows));
    ARROW_ASSIGN_OR_RAISE(*batch, TakeBatch(rows));
    rows_left_ -= (*batch)->num_rows();
    reader_->set_batch_size(batch_sizes_[opened_ - 1].next_rows());
    // The pages of an exhausted row group are of no use while the caller works on its last batch.
    if (rows_left_ == 0) CloseRowGroup();
    return Status::OK();
  }

  Status OpenRowGroup() {
    const int row_group = first_row_group_ + static_cast<int>(opened_);
    rows_left_ = file_.metadata->RowGroup(row_group)->num_rows();
    ++opened_;
    if (rows_left_ == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(CheckOldTimestamps(row_group));
    ARROW_RETURN_NOT_OK(OpenValidity(row_group));
    OpenTexts(row_group);
    if (plan_.leaves.empty()) return Status::OK();
    reader_->set_batch_size(batch_sizes_[opened_ - 1].next_rows());
    return reader_->GetRecordBatchReader({row_group}, plan_.leaves).Value(&row_group_);
  }

  Status CheckOldTimestamps(int row_group) const {
    const ::parquet::SchemaDescriptor& schema = *file_.metadata->schema();
    for (const int leaf : plan_.leaves) {
      const ::parquet::ColumnDescriptor& column = *schema.Column(leaf);
      if (column.physical_type() != ::parquet::Type::INT96) continue;
      const auto group = reader_->parquet_reader()->RowGroup(row_group);
      ARROW_RETURN_NOT_OK(
          CheckInt96(*group->Column(leaf), column.path()->ToDotString(), file_.path));
    }
    return Status::OK();
  }

  Status OpenValidity(int row_group) {
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      const ColumnPlan& plan = plan_.columns[i];
      if (plan.validity_leaf < 0) continue;
      auto reader = ValidityReader::Open(file_, row_group, plan.validity_leaf, plan.wanted->type());
      if (!reader.ok()) return InColumn(*plan.wanted, reader.status());
      validity_[i] = *std::move(reader);
    }
    return Status::OK();
  }

  void OpenTexts(int row_group) {
    if (texts_.empty()) return;
    const auto group = reader_->parquet_reader()->RowGroup(row_group);
    for (TextColumn& text : texts_) {
      const ColumnPlan& plan = plan_.columns[text.index];
      text.reader = std::make_unique<TextColumnReader>(
          group->GetColumnPageReader(plan.text_leaf),
          *reader_->parquet_reader()->metadata()->schema()->Column(plan.text_leaf),
          plan.wanted->type(), pool());
    }
  }

  void CloseRowGroup() {
    row_group_.reset();
    for (TextColumn& text : texts_) text.reader.reset();
    for (auto& reader : validity_) reader.reset();
  }

  // Decodes the next `rows` rows of the columns that have none left: the texts in threads of their
  // own, if there are to be threads, beside the others.
  Status Decode(int64_t rows) {
    std::vector<arrow::Future<>> others;
    Status status;
    for (TextColumn& text : texts_) {
      if (text.decoded != nullptr || !status.ok()) continue;
      const auto decode = [this, &text, rows] { return DecodeText(&text, rows); };
      if (threads_) {
        const auto submitted = arrow::internal::GetCpuThreadPool()->Submit(decode);
        status &= submitted.status();
        if (submitted.ok()) others.push_back(*submitted);
      } else {
        status &= decode();
      }
    }
    if (row_group_ != nullptr && batch_ == nullptr && status.ok()) status &= DecodeBatch();
    for (const arrow::Future<>& other : others) status &= other.status();
    return status;
  }

  Status DecodeText(TextColumn* text, int64_t rows) const {
    const ColumnPlan& plan = plan_.columns[text->index];
    const Status status = CatchParquet([&]() -> Status {
      ARROW_RETURN_NOT_OK(text->reader->Next(rows).Value(&text->decoded));
      return plan.check_text ? CheckText(*text->decoded) : Status::OK();
    });
    return status.ok() ? status : InColumn(*plan.wanted, status);
  }

  Status DecodeBatch() {
    ARROW_RETURN_NOT_OK(CatchParquet([&] { return row_group_->ReadNext(&batch_); }));
    if (batch_ == nullptr || batch_->num_rows() == 0 || batch_->num_rows() > rows_left_) {
      return Status::Invalid("row group ", first_row_group_ + static_cast<int>(opened_) - 1,
                             " has not the rows that the footer says: ", rows_left_,
                             " are missing");
    }
    // Cheap: lengths and buffers agree. Offsets and dictionary indices were made or checked by
    // parquet-cpp, so that looking at each of them could find nothing; ConvertValues looks at what
    // it takes from the file as it is.
    return batch_->Validate();
  }

  // The rows that are decoded of all columns, as they are wanted.
  Result<std::shared_ptr<arrow::RecordBatch>> TakeBatch(int64_t rows) {
    if (batch_ != nullptr) rows = std::min(rows, batch_->num_rows());
    for (const TextColumn& text : texts_) rows = std::min(rows, text.decoded->length());
    int64_t bytes = 0;
    arrow::ArrayVector columns(plan_.columns.size());
    for (TextColumn& text : texts_) {
      columns[text.index] = TakeRows(&text.decoded, rows, text.decoded->length());
      bytes += arrow::util::TotalBufferSize(*columns[text.index]);
    }
    std::shared_ptr<arrow::RecordBatch> batch;
    if (batch_ != nullptr) {
      batch = TakeRows(&batch_, rows, batch_->num_rows());
      bytes += arrow::util::TotalBufferSize(*batch);
    }
    batch_sizes_[opened_ - 1].Observe(rows, bytes);
    for (size_t i = 0; i < columns.size(); ++i) {
      const arrow::Field& wanted = *plan_.columns[i].wanted;
      if (columns[i] == nullptr) {
        auto column = MakeColumn(i, batch.get(), rows);
        if (!column.ok()) return InColumn(wanted, column.status());
        columns[i] = *std::move(column);
      }
      if (!wanted.nullable() && columns[i]->null_count() > 0) {
        return InColumn(wanted,
                        Status::Invalid("it has a NULL, but the table declares it NOT NULL"));
      }
    }
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

  // A column that is not one of texts.
  Result<std::shared_ptr<arrow::Array>> MakeColumn(size_t index, const arrow::RecordBatch* decoded,
                                                   int64_t rows) {
    const ColumnPlan& plan = plan_.columns[index];
    if (plan.validity_leaf >= 0) {
      return CatchParquet([&] { return validity_[index]->Next(rows); });
    }
    if (plan.position < 0) return arrow::MakeArrayOfNull(plan.wanted->type(), rows, pool());
    ARROW_ASSIGN_OR_RAISE(auto column, ConformColumn(plan, decoded->column(plan.position), pool()));
    if (plan.old_calendar) {
      ARROW_RETURN_NOT_OK(calendar_.CheckValues(*column, plan.wanted->name()));
    }
    return column;
  }

  const DataFile file_;
  const OldCalendar calendar_;
  const std::unique_ptr<ArrowReader> reader_;
  const ReadPlan plan_;
  std::vector<BatchSize> batch_sizes_;  // one for each row group
  const int first_row_group_;
  const bool threads_;
  std::shared_ptr<arrow::Schema> schema_;

  Status failure_;
  size_t opened_ = 0;      // row groups
  int64_t rows_left_ = 0;  // of the last one opened
  std::unique_ptr<arrow::RecordBatchReader> row_group_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // out of it, rows that no batch has yet; or null
  std::vector<TextColumn> texts_;
  std::vector<std::unique_ptr<ValidityReader>> validity_;  // as the plan's columns, or null
};

}  // namespace

Result<std::unique_ptr<ArrowReader>> MakeArrowReader(const DataFile& file, bool threads) {
  ::parquet::ArrowReaderProperties properties;
  properties.set_pre_buffer(false);
  properties.set_use_threads(threads);
  // As nanoseconds, the default, most of the years that a table may hold do not fit.
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  return ArrowReader::Make(
      file.properties.memory_pool(),
      ::parquet::ParquetFileReader::Open(file.source, file.properties, file.metadata), properties);
}

std::unique_ptr<arrow::RecordBatchReader> MakeColumnStream(DataFile file,
                                                           std::unique_ptr<ArrowReader> reader,
                                                           ReadPlan plan,
                                                           std::vector<BatchSize> batch_sizes,
                                                           int first_row_group, bool threads) {
  return std::make_unique<ColumnStream>(std::move(file), std::move(reader), std::move(plan),
                                        std::move(batch_sizes), first_row_group, threads);
}

}  // namespace spillway::parquet
