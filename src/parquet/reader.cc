// A stream opens one row group after another, and gives each a record batch reader of parquet-cpp's
// own over the wanted leaf columns. That reader would take several row groups at once; but a column
// chunk with too few rows would then be filled up from the next row group, shifted against the
// other columns, before anyone could notice. One row group at a time, with its rows counted, can
// not.
#include "parquet/reader.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include "base/error.h"
#include "parquet/batch_size.h"
#include "parquet/column_plan.h"
#include "parquet/conform.h"
#include "parquet/copy_check.h"
#include "parquet/data_file.h"
#include "parquet/page_sizes.h"
#include "parquet/throw_boundary.h"
#include "parquet/validity_reader.h"

namespace spillway::parquet {
namespace {

using ArrowReader = ::parquet::arrow::FileReader;

Result<std::unique_ptr<ArrowReader>> MakeArrowReader(const DataFile& file, bool threads) {
  ::parquet::ArrowReaderProperties properties;
  properties.set_pre_buffer(false);
  properties.set_use_threads(threads);
  // As nanoseconds, the default, most of the years that a table may hold do not fit.
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  return ArrowReader::Make(
      file.properties.memory_pool(),
      ::parquet::ParquetFileReader::Open(file.source, file.properties, file.decoding_metadata),
      properties);
}

// A batch without columns, only rows.
std::shared_ptr<arrow::RecordBatch> EmptyColumns(int64_t num_rows) {
  return arrow::RecordBatch::Make(arrow::schema({}), num_rows, arrow::ArrayVector{});
}

Status InColumn(const arrow::Field& column, const Status& status) {
  return status.WithMessage("column ", column.name(), ": ", status.message());
}

class ColumnStream : public arrow::RecordBatchReader {
 public:
  ColumnStream(DataFile file, std::unique_ptr<ArrowReader> reader, ReadPlan plan,
               std::vector<BatchSize> batch_sizes, int first_row_group)
      : file_(std::move(file)),
        reader_(std::move(reader)),
        plan_(std::move(plan)),
        batch_sizes_(std::move(batch_sizes)),
        first_row_group_(first_row_group),
        validity_(plan_.columns.size()) {
    arrow::FieldVector fields;
    for (const ColumnPlan& column : plan_.columns) fields.push_back(column.wanted);
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
    ARROW_ASSIGN_OR_RAISE(const auto decoded, Decode());
    ARROW_ASSIGN_OR_RAISE(*batch, Conform(*decoded));
    rows_left_ -= decoded->num_rows();
    // The pages of an exhausted row group are of no use while the caller works on its last batch.
    if (rows_left_ == 0) {
      row_group_.reset();
      for (auto& reader : validity_) reader.reset();
    }
    return Status::OK();
  }

  Status OpenRowGroup() {
    const int row_group = first_row_group_ + static_cast<int>(opened_);
    rows_left_ = file_.metadata->RowGroup(row_group)->num_rows();
    ++opened_;
    if (rows_left_ == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(OpenValidity(row_group));
    if (plan_.leaves.empty()) return Status::OK();
    reader_->set_batch_size(batch_sizes_[opened_ - 1].next_rows());
    return reader_->GetRecordBatchReader({row_group}, plan_.leaves).Value(&row_group_);
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

  // The leaf columns of the next rows, as the file has them.
  Result<std::shared_ptr<arrow::RecordBatch>> Decode() {
    BatchSize& batch_size = batch_sizes_[opened_ - 1];
    if (row_group_ == nullptr) return EmptyColumns(std::min(batch_size.next_rows(), rows_left_));
    std::shared_ptr<arrow::RecordBatch> decoded;
    ARROW_RETURN_NOT_OK(row_group_->ReadNext(&decoded));
    if (decoded == nullptr || decoded->num_rows() == 0 || decoded->num_rows() > rows_left_) {
      return Status::Invalid("row group ", first_row_group_ + static_cast<int>(opened_) - 1,
                             " has not the rows that the footer says: ", rows_left_,
                             " are missing");
    }
    // Cheap: lengths and buffers agree. Offsets and dictionary indices were made or checked by
    // parquet-cpp, so that looking at each of them could find nothing; ConvertValues looks at what
    // it takes from the file as it is.
    ARROW_RETURN_NOT_OK(decoded->Validate());
    batch_size.Observe(decoded->num_rows(), arrow::util::TotalBufferSize(*decoded));
    reader_->set_batch_size(batch_size.next_rows());
    return decoded;
  }

  Result<std::shared_ptr<arrow::Array>> MakeColumn(size_t index,
                                                   const arrow::RecordBatch& decoded) {
    const ColumnPlan& plan = plan_.columns[index];
    if (plan.validity_leaf >= 0) {
      return CatchParquet([&] { return validity_[index]->Next(decoded.num_rows()); });
    }
    if (plan.position < 0) {
      return arrow::MakeArrayOfNull(plan.wanted->type(), decoded.num_rows(), pool());
    }
    return ConformColumn(plan, decoded.column(plan.position), pool());
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& decoded) {
    arrow::ArrayVector columns;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      const arrow::Field& wanted = *plan_.columns[i].wanted;
      auto column = MakeColumn(i, decoded);
      if (!column.ok()) return InColumn(wanted, column.status());
      if (!wanted.nullable() && (*column)->null_count() > 0) {
        return InColumn(wanted,
                        Status::Invalid("there is NULL, of which the table says that it never is"));
      }
      columns.push_back(*std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, decoded.num_rows(), std::move(columns));
  }

  const DataFile file_;
  const std::unique_ptr<ArrowReader> reader_;
  const ReadPlan plan_;
  std::vector<BatchSize> batch_sizes_;  // one for each row group
  const int first_row_group_;
  std::shared_ptr<arrow::Schema> schema_;

  Status failure_;
  size_t opened_ = 0;      // row groups
  int64_t rows_left_ = 0;  // of the last one opened
  std::unique_ptr<arrow::RecordBatchReader> row_group_;
  std::vector<std::unique_ptr<ValidityReader>> validity_;  // as the plan's columns, or null
};

}  // namespace

struct FileReader::Opened {
  ReadOptions options;
  DataFile file;
  Footer footer;
};

FileReader::FileReader(std::unique_ptr<Opened> opened) : opened_(std::move(opened)) {}
FileReader::~FileReader() = default;

Result<std::unique_ptr<FileReader>> FileReader::Open(const std::string& path,
                                                     int64_t expected_size_bytes,
                                                     const ReadOptions& options) {
  auto opened = std::make_unique<Opened>();
  opened->options = options;
  ARROW_ASSIGN_OR_RAISE(opened->file,
                        OpenDataFile(path, expected_size_bytes,
                                     MakeReaderProperties(options.pool, options.buffer_bytes)));
  ARROW_ASSIGN_OR_RAISE(opened->footer, DescribeFooter(opened->file, options.page_sizes));
  return std::unique_ptr<FileReader>(new FileReader(std::move(opened)));
}

const Footer& FileReader::footer() const { return opened_->footer; }

const DataFile& FileReader::data_file() const { return opened_->file; }

std::string FileReader::WhyNotCopied(const ReadColumn& column) const {
  if (opened_->options.use_field_ids) return "columns are found by their ids";
  return parquet::WhyNotCopied(opened_->file, column);
}

std::vector<size_t> FileReader::LeavesOf(const ReadColumn& column) const {
  const std::optional<int32_t> id =
      opened_->options.use_field_ids ? FieldId(*column.field) : std::nullopt;
  std::vector<size_t> places;
  for (size_t i = 0; i < footer().leaves.size(); ++i) {
    const LeafColumn& leaf = footer().leaves[i];
    const bool matches = id ? leaf.root_field_id == *id : leaf.path.front() == column.physical_name;
    if (matches) places.push_back(i);
  }
  return places;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> FileReader::Read(
    const std::vector<ReadColumn>& columns, int first_row_group, int row_groups) const {
  const auto& [options, file, footer] = *opened_;
  const int end = static_cast<int>(footer.row_groups.size());
  if (first_row_group < 0 || row_groups < 0 || row_groups > end - first_row_group) {
    return Status::IndexError(
        fmt::format("row groups [{}, +{}) of {}", first_row_group, row_groups, end));
  }
  std::unique_ptr<arrow::RecordBatchReader> stream;
  const auto make = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeArrowReader(file, options.threads));
    ARROW_ASSIGN_OR_RAISE(
        ReadPlan plan, PlanColumns(reader->manifest(), columns, options.use_field_ids, file.path));
    std::vector<BatchSize> batch_sizes;
    for (int i = first_row_group; i < first_row_group + row_groups; ++i) {
      batch_sizes.emplace_back(footer, footer.row_groups[static_cast<size_t>(i)], plan.leaves,
                               options.batch_rows, options.batch_bytes);
    }
    stream = std::make_unique<ColumnStream>(file, std::move(reader), std::move(plan),
                                            std::move(batch_sizes), first_row_group);
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(make), file.path));
  return stream;
}

Result<std::optional<int64_t>> FileReader::MeasureDictionary(size_t row_group, size_t leaf) {
  auto& [options, file, footer] = *opened_;
  ColumnChunkFacts& chunk = footer.row_groups[row_group].columns[leaf];
  if (!chunk.is_all_dictionary) return std::nullopt;
  if (!chunk.dictionary_bytes) ARROW_RETURN_NOT_OK(MeasurePages(file, chunk));
  return chunk.dictionary_bytes;
}

Result<std::vector<ReadMemory>> FileReader::EstimateMemory(const std::vector<ReadColumn>& columns,
                                                           const std::vector<ReadOptions>& ways,
                                                           int64_t assumed_page_bytes) {
  auto& [opened_options, file, footer] = *opened_;
  ReadPlan plan;
  const auto make = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto reader, MakeArrowReader(file, false));
    return PlanColumns(reader->manifest(), columns, opened_options.use_field_ids, file.path)
        .Value(&plan);
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(make), file.path));
  std::vector<int> validity_leaves;
  for (const ColumnPlan& column : plan.columns) {
    if (column.validity_leaf >= 0) validity_leaves.push_back(column.validity_leaf);
  }
  std::vector<int> all_leaves = plan.leaves;
  all_leaves.insert(all_leaves.end(), validity_leaves.begin(), validity_leaves.end());
  std::vector<ReadMemory> highest(ways.size());
  for (RowGroupFacts& row_group : footer.row_groups) {
    for (const int leaf : all_leaves) {
      ColumnChunkFacts& chunk = row_group.columns[static_cast<size_t>(leaf)];
      const bool is_known = chunk.num_pages && (chunk.dictionary_bytes || !chunk.has_dictionary);
      if (is_known || chunk.uncompressed_bytes <= assumed_page_bytes) continue;
      ARROW_RETURN_NOT_OK(MeasurePages(file, chunk));
    }
    for (size_t i = 0; i < ways.size(); ++i) {
      highest[i].RaiseTo(EstimateReadMemory(footer, row_group, plan.leaves, validity_leaves,
                                            {.buffer_bytes = ways[i].buffer_bytes,
                                             .batch_rows = ways[i].batch_rows,
                                             .batch_bytes = ways[i].batch_bytes,
                                             .assumed_page_bytes = assumed_page_bytes}));
    }
  }
  return highest;
}

}  // namespace spillway::parquet
