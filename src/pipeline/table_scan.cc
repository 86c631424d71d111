// One file after another: the row groups that overlap the wanted rows and are not left out are
// streamed, and what lies before and behind is cut off; then deleted rows are filtered out, and
// partition values put in.
#include "pipeline/table_scan.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include "base/error.h"
#include "expression/datetime_text.h"
#include "expression/decimal_text.h"
#include "expression/floating_text.h"
#include "parquet/reader.h"

namespace spillway::pipeline {
namespace {

using BatchPointer = std::shared_ptr<arrow::RecordBatch>;

// The rows [first, end) of one file.
class FileScan {
 public:
  static Result<std::unique_ptr<FileScan>> Open(const PinnedTable& table, const PinnedFile& file,
                                                int64_t first, int64_t end,
                                                const std::vector<ColumnUse>& uses,
                                                const parquet::ReadOptions& options);

  // The next batch, or null at the end.
  Result<BatchPointer> Next();

 private:
  FileScan(const PinnedTable& table, const PinnedFile& file, int64_t first, int64_t end,
           const std::vector<ColumnUse>& uses, const parquet::ReadOptions& options)
      : table_(table), file_(file), row_(first), end_(end), uses_(uses), options_(options) {}

  ColumnUse UseOf(size_t column) const {
    return uses_.empty() ? ColumnUse::kValues : uses_[column];
  }

  Status ReadFooter();
  Status OpenRowGroups();
  Status ReadPartitionValues();
  Result<BatchPointer> DropDeleted(BatchPointer batch, int64_t first_row) const;
  Result<BatchPointer> Assemble(const BatchPointer& batch) const;
  Status TooFewRows() const;

  const PinnedTable& table_;
  const PinnedFile& file_;
  int64_t row_;  // of the file: the next one that is wanted
  int64_t end_;  // behind the last one that is
  const std::vector<ColumnUse>& uses_;
  const parquet::ReadOptions options_;
  std::unique_ptr<const parquet::StoredFooter> footer_;
  std::vector<parquet::RowGroupRange> unread_;  // row groups, those to be read next at the end
  int64_t stream_row_ = 0;                      // of the file: where the stream stands
  int64_t stream_end_ = 0;                      // and where it has to end
  std::unique_ptr<arrow::RecordBatchReader> stream_;
  std::vector<uint8_t> deleted_rows_;                             // a bit for each; or empty
  std::vector<std::shared_ptr<arrow::Scalar>> partition_values_;  // by wanted column, or null
};

Result<std::unique_ptr<FileScan>> FileScan::Open(const PinnedTable& table, const PinnedFile& file,
                                                 int64_t first, int64_t end,
                                                 const std::vector<ColumnUse>& uses,
                                                 const parquet::ReadOptions& options) {
  std::unique_ptr<FileScan> scan(new FileScan(table, file, first, end, uses, options));
  ARROW_RETURN_NOT_OK(scan->ReadFooter());
  if (!scan->unread_.empty()) ARROW_RETURN_NOT_OK(scan->OpenRowGroups());
  ARROW_RETURN_NOT_OK(scan->ReadPartitionValues());
  if (file.data_file.deletion_vector) {
    ARROW_ASSIGN_OR_RAISE(scan->deleted_rows_, table.snapshot().DeletedRows(
                                                   *file.data_file.deletion_vector, file.num_rows));
  }
  return scan;
}

Status FileScan::ReadFooter() {
  ARROW_ASSIGN_OR_RAISE(footer_, ReadFooterAgain(file_));
  const std::vector<PinnedRowGroup>& groups = file_.row_groups;
  const auto begin = std::ranges::upper_bound(groups, row_, {}, &PinnedRowGroup::first_row) - 1;
  const auto behind = std::ranges::lower_bound(groups, end_, {}, &PinnedRowGroup::first_row);
  int64_t read_end = row_;
  for (auto at = begin; at != behind;) {
    const auto first = std::ranges::find(at, behind, false, &PinnedRowGroup::left_out);
    at = std::ranges::find(first, behind, true, &PinnedRowGroup::left_out);
    if (first == at) break;
    const auto cut = footer_->Cut(
        {.first = static_cast<int>(first - groups.begin()), .count = static_cast<int>(at - first)});
    unread_.insert(unread_.end(), cut.begin(), cut.end());
    read_end = (at - 1)->first_row + (at - 1)->num_rows;
  }
  end_ = std::min(end_, read_end);
  std::ranges::reverse(unread_);
  return Status::OK();
}

// Opens the next ones, as many as are parsed at a time.
Status FileScan::OpenRowGroups() {
  const parquet::RowGroupRange row_groups = unread_.back();
  unread_.pop_back();
  const PinnedRowGroup& first = file_.row_groups[static_cast<size_t>(row_groups.first)];
  const PinnedRowGroup& last =
      file_.row_groups[static_cast<size_t>(row_groups.first + row_groups.count - 1)];
  stream_row_ = first.first_row;
  stream_end_ = last.first_row + last.num_rows;
  row_ = std::max(row_, stream_row_);
  stream_.reset();  // before the next ones take memory
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::FileReader::Open(*footer_, row_groups, options_));
  return reader->Read(FileColumns(table_, uses_), 0, row_groups.count).Value(&stream_);
}

Status FileScan::ReadPartitionValues() {
  const arrow::Schema& schema = *table_.read_schema();
  partition_values_.resize(static_cast<size_t>(schema.num_fields()));
  for (int i = 0; i < schema.num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(partition_values_[static_cast<size_t>(i)],
                          PartitionValueOf(file_.data_file, *schema.field(i)));
  }
  return Status::OK();
}

Result<BatchPointer> FileScan::Next() {
  while (row_ < end_) {
    BatchPointer batch;
    ARROW_RETURN_NOT_OK(stream_->ReadNext(&batch));
    if (batch == nullptr) {
      if (unread_.empty() || stream_row_ < stream_end_) return TooFewRows();
      ARROW_RETURN_NOT_OK(OpenRowGroups());
      continue;
    }
    const int64_t batch_first = stream_row_;
    stream_row_ += batch->num_rows();
    if (stream_row_ <= row_) continue;
    const int64_t wanted_end = std::min(stream_row_, end_);
    batch = batch->Slice(row_ - batch_first, wanted_end - row_);
    ARROW_ASSIGN_OR_RAISE(batch, DropDeleted(std::move(batch), row_));
    row_ = wanted_end;
    if (batch->num_rows() > 0) return Assemble(batch);
  }
  return BatchPointer();
}

Result<BatchPointer> FileScan::DropDeleted(BatchPointer batch, int64_t first_row) const {
  if (deleted_rows_.empty()) return batch;
  const int64_t deleted =
      arrow::internal::CountSetBits(deleted_rows_.data(), first_row, batch->num_rows());
  if (deleted == 0) return batch;

  arrow::Int64Builder kept(options_.pool);
  ARROW_RETURN_NOT_OK(kept.Reserve(batch->num_rows() - deleted));
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    if (!arrow::bit_util::GetBit(deleted_rows_.data(), first_row + row)) kept.UnsafeAppend(row);
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, kept.Finish());
  const int64_t rows = indices->length();
  if (batch->num_columns() == 0) {
    return arrow::RecordBatch::Make(batch->schema(), rows, arrow::ArrayVector{});
  }
  arrow::compute::ExecContext execution(options_.pool);
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum taken,
      arrow::compute::Take(batch, indices, arrow::compute::TakeOptions::NoBoundsCheck(),
                           &execution));
  return taken.record_batch();
}

Result<BatchPointer> FileScan::Assemble(const BatchPointer& batch) const {
  arrow::ArrayVector columns;
  int next = 0;
  for (size_t i = 0; i < partition_values_.size(); ++i) {
    if (UseOf(i) == ColumnUse::kNone) {
      columns.push_back(std::make_shared<arrow::NullArray>(batch->num_rows()));
    } else if (partition_values_[i] == nullptr) {
      columns.push_back(batch->column(next++));
    } else {
      ARROW_ASSIGN_OR_RAISE(
          auto column,
          arrow::MakeArrayFromScalar(*partition_values_[i], batch->num_rows(), options_.pool));
      columns.push_back(std::move(column));
    }
  }
  return arrow::RecordBatch::Make(table_.read_schema(), batch->num_rows(), std::move(columns));
}

// The file was replaced after its footer was read for the plan.
Status FileScan::TooFewRows() const {
  return MakeError({.code = ErrorCode::kCorruptDataFile,
                    .what = "a data file has fewer rows than when the run was planned",
                    .where = file_.data_file.path,
                    .why = fmt::format("it ends at row {}, {} rows were expected", stream_row_,
                                       file_.num_rows)});
}

class TableScan : public arrow::RecordBatchReader {
 public:
  TableScan(const PinnedTable& table, int64_t first, int64_t end, std::vector<ColumnUse> uses,
            const parquet::ReadOptions& options)
      : table_(table),
        ordinal_(first),
        end_(std::min(end, table.physical_rows())),
        uses_(std::move(uses)),
        options_(ReadOptionsOf(table.snapshot(), options)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return table_.read_schema(); }

  Status ReadNext(BatchPointer* batch) override {
    for (;;) {
      if (file_ != nullptr) {
        ARROW_ASSIGN_OR_RAISE(*batch, file_->Next());
        if (*batch != nullptr) return Status::OK();
        file_.reset();
      }
      if (ordinal_ >= end_) {
        batch->reset();
        return Status::OK();
      }
      ARROW_RETURN_NOT_OK(OpenNextFile());
    }
  }

 private:
  Status OpenNextFile() {
    const std::vector<PinnedFile>& files = table_.files();
    const auto file = std::ranges::upper_bound(files, ordinal_, {}, &PinnedFile::first_ordinal) - 1;
    const int64_t stop = std::min(end_, file->end_ordinal());
    if (ordinal_ < stop && !file->left_out) {
      ARROW_ASSIGN_OR_RAISE(file_, FileScan::Open(table_, *file, ordinal_ - file->first_ordinal,
                                                  stop - file->first_ordinal, uses_, options_));
    }
    ordinal_ = stop;
    return Status::OK();
  }

  const PinnedTable& table_;
  int64_t ordinal_;  // the first row that no file was opened for
  const int64_t end_;
  const std::vector<ColumnUse> uses_;
  const parquet::ReadOptions options_;
  std::unique_ptr<FileScan> file_;
};

std::shared_ptr<arrow::Scalar> ParseDecimal(const std::shared_ptr<arrow::DataType>& type,
                                            std::string_view text) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
  const auto parsed = expression::ParseDecimal(text);
  expression::Int128 value = 0;
  if (!parsed || !ToDecimal(*parsed, decimal.precision(), decimal.scale(), &value)) return nullptr;
  const arrow::Decimal128 bits(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
  return std::make_shared<arrow::Decimal128Scalar>(bits, type);
}

// UTC where no zone is written. A time alone would be one of today.
std::shared_ptr<arrow::Scalar> ParseTimestamp(const std::shared_ptr<arrow::DataType>& type,
                                              std::string_view text) {
  expression::ZoneDatabase zones;
  if (expression::IsTimeAlone(text)) return nullptr;
  const bool has_zone = !static_cast<const arrow::TimestampType&>(*type).timezone().empty();
  const std::optional<int64_t> micros = has_zone ? expression::ParseTimestamp(text, 0, &zones)
                                                 : expression::ParseTimestampNtz(text, &zones);
  return micros ? std::make_shared<arrow::TimestampScalar>(*micros, type) : nullptr;
}

template <typename ScalarType, typename Value>
std::shared_ptr<arrow::Scalar> ScalarOf(const std::optional<Value>& value) {
  return value ? std::make_shared<ScalarType>(*value) : nullptr;
}

// As Spark casts a text; null where that is not a value.
std::shared_ptr<arrow::Scalar> ParseValue(const std::shared_ptr<arrow::DataType>& type,
                                          const std::string& text) {
  switch (type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return arrow::Scalar::Parse(type, text).ValueOr(nullptr);
    case arrow::Type::DECIMAL128:
      return ParseDecimal(type, expression::TrimBlanks(text));
    case arrow::Type::TIMESTAMP:
      return ParseTimestamp(type, expression::TrimBlanks(text));
    case arrow::Type::DATE32:
      return ScalarOf<arrow::Date32Scalar>(expression::ParseDate(expression::TrimBlanks(text)));
    case arrow::Type::DOUBLE:
      return ScalarOf<arrow::DoubleScalar>(expression::ParseDouble(text));
    case arrow::Type::FLOAT:
      return ScalarOf<arrow::FloatScalar>(expression::ParseFloat(text));
    default:
      return arrow::Scalar::Parse(type, expression::TrimBlanks(text)).ValueOr(nullptr);
  }
}

}  // namespace

std::unique_ptr<arrow::RecordBatchReader> ScanTable(const PinnedTable& table, int64_t first,
                                                    int64_t end,
                                                    const parquet::ReadOptions& options,
                                                    std::vector<ColumnUse> uses) {
  return std::make_unique<TableScan>(table, first, end, std::move(uses), options);
}

Result<std::shared_ptr<arrow::Scalar>> PartitionValueOf(const delta::DataFile& file,
                                                        const arrow::Field& field) {
  const auto value = std::ranges::find(file.partition_values, field.name(),
                                       &delta::PartitionValues::value_type::first);
  if (value == file.partition_values.end()) return nullptr;
  auto scalar = ParsePartitionValue(field.type(), value->second);
  if (!scalar.ok()) return WithWhere(scalar.status(), ErrorCode::kCorruptLog, file.path);
  return scalar;
}

Result<std::shared_ptr<arrow::Scalar>> ParsePartitionValue(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text) {
  // Delta writes NULL as a missing value or as the empty string.
  if (!text || text->empty()) return arrow::MakeNullScalar(type);
  std::shared_ptr<arrow::Scalar> scalar = ParseValue(type, *text);
  if (scalar != nullptr) return scalar;
  return MakeError(
      {.code = ErrorCode::kCorruptLog,
       .what = "a partition value cannot be read",
       .why = fmt::format("\"{}\" is not a value of type {}", *text, type->ToString())});
}

}  // namespace spillway::pipeline
