#include "parquet/reader.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>

#include "base/error.h"
#include "parquet/batch_size.h"
#include "parquet/column_plan.h"
#include "parquet/column_stream.h"
#include "parquet/copy_check.h"
#include "parquet/data_file.h"
#include "parquet/leaf_ranges.h"
#include "parquet/page_sizes.h"
#include "parquet/throw_boundary.h"

namespace spillway::parquet {

namespace {

constexpr int64_t kSmallestBufferBytes = 1024;

}  // namespace

struct FileReader::Opened {
  ReadOptions options;
  DataFile file;
  Footer footer;
  int64_t most_buffer_bytes = 0;                       // what a column has to read at most
  std::vector<LeafRange> leaf_ranges;                  // by top-level field
  std::optional<CopyCheck> copy_check = std::nullopt;  // of `file`
  std::unique_ptr<ArrowReader> manifest_reader;        // of EstimateMemory, once it was called
};

FileReader::FileReader(std::unique_ptr<Opened> opened) : opened_(std::move(opened)) {}
FileReader::~FileReader() = default;

Result<std::unique_ptr<FileReader>> FileReader::Open(const std::string& path,
                                                     int64_t expected_size_bytes,
                                                     const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto footer, StoredFooter::Read(path, expected_size_bytes));
  return Open(*footer, footer->all_row_groups(), options);
}

Result<std::unique_ptr<FileReader>> FileReader::Open(const StoredFooter& footer,
                                                     RowGroupRange row_groups,
                                                     const ReadOptions& options) {
  auto opened = std::make_unique<Opened>();
  opened->options = options;
  opened->most_buffer_bytes = std::max(kSmallestBufferBytes, footer.largest_chunk_bytes());
  const int64_t buffer_bytes = std::min(options.buffer_bytes, opened->most_buffer_bytes);
  ARROW_ASSIGN_OR_RAISE(opened->file,
                        footer.Open(row_groups, MakeReaderProperties(options.pool, buffer_bytes)));
  ARROW_ASSIGN_OR_RAISE(opened->footer, DescribeFooter(opened->file, options.page_sizes));
  const ::parquet::SchemaDescriptor& schema = *opened->file.metadata->schema();
  opened->leaf_ranges = LeafRangesOf(schema);
  opened->copy_check.emplace(opened->file, opened->footer);
  return std::unique_ptr<FileReader>(new FileReader(std::move(opened)));
}

const Footer& FileReader::footer() const { return opened_->footer; }

const DataFile& FileReader::data_file() const { return opened_->file; }

std::string_view FileReader::WhyNotCopied(const ReadColumn& column) const {
  if (opened_->options.use_field_ids) return "columns are found by their ids";
  return opened_->copy_check->WhyNot(column);
}

std::vector<size_t> FileReader::LeavesOf(const ReadColumn& column) const {
  const std::optional<int32_t> id =
      opened_->options.use_field_ids ? FieldId(*column.field) : std::nullopt;
  std::vector<size_t> places;
  for (const int field : opened_->file.fields->Find(id, column.physical_name)) {
    const LeafRange& range = opened_->leaf_ranges[static_cast<size_t>(field)];
    for (int i = 0; i < range.count; ++i) places.push_back(static_cast<size_t>(range.first + i));
  }
  return places;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> FileReader::Read(
    const std::vector<ReadColumn>& columns, int first_row_group, int row_groups) const {
  const ReadOptions& options = opened_->options;
  const DataFile& file = opened_->file;
  const Footer& footer = opened_->footer;
  const int end = static_cast<int>(footer.row_groups.size());
  if (first_row_group < 0 || row_groups < 0 || row_groups > end - first_row_group) {
    return Status::IndexError(
        fmt::format("row groups [{}, +{}) of {}", first_row_group, row_groups, end));
  }
  std::unique_ptr<arrow::RecordBatchReader> stream;
  const auto make = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeArrowReader(file, options.threads));
    ARROW_ASSIGN_OR_RAISE(ReadPlan plan,
                          PlanColumns(reader->manifest(), columns, options.use_field_ids, file));
    const std::vector<int> leaves = plan.decoded_leaves();
    std::vector<BatchSize> batch_sizes;
    for (int i = first_row_group; i < first_row_group + row_groups; ++i) {
      batch_sizes.emplace_back(footer, footer.row_groups[static_cast<size_t>(i)], leaves,
                               options.batch_rows, options.batch_bytes);
    }
    stream = MakeColumnStream(file, std::move(reader), std::move(plan), std::move(batch_sizes),
                              first_row_group, options.threads);
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(make), file.path));
  return stream;
}

Result<ChunkStatistics> FileReader::StatisticsOf(size_t row_group, size_t leaf) const {
  return DescribeStatistics(opened_->file, static_cast<int>(row_group), static_cast<int>(leaf));
}

Result<std::optional<int64_t>> FileReader::MeasureDictionary(size_t row_group, size_t leaf) {
  ColumnChunkFacts& chunk = opened_->footer.row_groups[row_group].columns[leaf];
  if (!chunk.has_dictionary) return std::nullopt;
  if (!chunk.dictionary_bytes) ARROW_RETURN_NOT_OK(MeasurePages(opened_->file, chunk));
  return chunk.is_all_dictionary ? chunk.dictionary_bytes : std::nullopt;
}

Result<std::vector<ReadMemory>> FileReader::EstimateMemory(const std::vector<ReadColumn>& columns,
                                                           const std::vector<ReadOptions>& ways,
                                                           int64_t assumed_page_bytes) {
  const DataFile& file = opened_->file;
  Footer& footer = opened_->footer;
  ReadPlan plan;
  const auto make = [&]() -> Status {
    if (opened_->manifest_reader == nullptr) {
      ARROW_RETURN_NOT_OK(MakeArrowReader(file, false).Value(&opened_->manifest_reader));
    }
    return PlanColumns(opened_->manifest_reader->manifest(), columns,
                       opened_->options.use_field_ids, file)
        .Value(&plan);
  };
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet(make), file.path));
  const std::vector<int> decoded_leaves = plan.decoded_leaves();
  const std::vector<int> validity_leaves = plan.validity_leaves();
  std::vector<int> all_leaves = decoded_leaves;
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
      highest[i].RaiseTo(EstimateReadMemory(
          footer, row_group, decoded_leaves, validity_leaves,
          {.buffer_bytes = std::min(ways[i].buffer_bytes, opened_->most_buffer_bytes),
           .batch_rows = ways[i].batch_rows,
           .batch_bytes = ways[i].batch_bytes,
           .assumed_page_bytes = assumed_page_bytes}));
    }
  }
  return highest;
}

int64_t FileReader::EstimateCountMemory(const std::vector<ReadColumn>& columns,
                                        int64_t assumed_page_bytes) const {
  int64_t most = 0;
  for (const ReadColumn& column : columns) {
    for (const size_t leaf : LeavesOf(column)) {
      for (const RowGroupFacts& row_group : footer().row_groups) {
        most = std::max(most, LevelReadBytes(footer().leaves[leaf], row_group.columns[leaf],
                                             assumed_page_bytes));
      }
    }
  }
  return most;
}

}  // namespace spillway::parquet
