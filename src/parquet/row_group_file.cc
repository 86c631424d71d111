#include "parquet/row_group_file.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/util/key_value_metadata.h>
#include <parquet/column_writer.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include "parquet/flat_column_writer.h"

namespace spillway::parquet {
namespace {

using ::parquet::ColumnDescriptor;
using ::parquet::ParquetException;
using Properties = ::parquet::WriterProperties;

// The column writers of a row group.
class RowGroupContents : public ::parquet::RowGroupWriter::Contents {
 public:
  RowGroupContents(const std::shared_ptr<arrow::io::OutputStream>& sink,
                   const std::shared_ptr<Properties>& properties, int16_t ordinal,
                   ::parquet::RowGroupMetaDataBuilder* metadata,
                   ::parquet::PageIndexBuilder* indexes)
      : metadata_(metadata), ordinal_(ordinal) {
    for (int i = 0; i < metadata->num_columns(); ++i) {
      columns_.push_back(MakeColumn(sink, *properties, i, indexes));
    }
  }

  int num_columns() const override { return static_cast<int>(columns_.size()); }

  int64_t num_rows() const override {
    if (closed_ || columns_.empty()) return num_rows_;
    const int64_t rows = columns_.front()->rows_written();
    for (const auto& column : columns_) {
      if (column->rows_written() != rows) throw ParquetException("columns of different lengths");
    }
    return rows;
  }

  ::parquet::ColumnWriter* NextColumn() override {
    throw ParquetException("a row group's columns are written side by side");
  }
  ::parquet::ColumnWriter* column(int i) override { return columns_[static_cast<size_t>(i)].get(); }
  int current_column() const override { return metadata_->current_column(); }

  void Close() override {
    if (closed_) return;
    num_rows_ = num_rows();
    closed_ = true;
    metadata_->set_num_rows(num_rows_);
    for (auto& column : columns_) {
      bytes_written_ += column->Close();
      column.reset();
    }
    columns_.clear();
    metadata_->Finish(bytes_written_, ordinal_);
  }

  int64_t total_bytes_written() const override {
    return closed_ ? bytes_written_ : Sum(&::parquet::ColumnWriter::total_bytes_written);
  }
  int64_t total_compressed_bytes() const override {
    return Sum(&::parquet::ColumnWriter::total_compressed_bytes);
  }
  int64_t total_compressed_bytes_written() const override {
    return Sum(&::parquet::ColumnWriter::total_compressed_bytes_written);
  }
  ::parquet::RowGroupWriter::BufferedStats EstimatedBufferedStats() const override {
    using Writer = ::parquet::ColumnWriter;
    return {.def_level_bytes = Sum(&Writer::estimated_buffered_def_level_bytes),
            .rep_level_bytes = Sum(&Writer::estimated_buffered_rep_level_bytes),
            .value_bytes = Sum(&Writer::estimated_buffered_value_bytes),
            .dict_bytes = Sum(&Writer::estimated_buffered_dict_bytes)};
  }
  bool buffered() const override { return true; }

 private:
  std::shared_ptr<::parquet::ColumnWriter> MakeColumn(
      const std::shared_ptr<arrow::io::OutputStream>& sink, const Properties& properties, int i,
      ::parquet::PageIndexBuilder* indexes) {
    auto* metadata = metadata_->NextColumnChunk();
    const ColumnDescriptor& leaf = *metadata->descr();
    const bool is_flat = FlatColumnWriter::Serves(leaf);
    const auto codec_options = properties.codec_options(leaf.path());
    auto pager = ::parquet::PageWriter::Open(
        sink, properties.compression(leaf.path()), metadata, ordinal_, static_cast<int16_t>(i),
        properties.memory_pool(), /*buffered_row_group=*/!is_flat, nullptr, nullptr,
        properties.page_checksum_enabled(), indexes->GetColumnIndexBuilder(i),
        indexes->GetOffsetIndexBuilder(i),
        codec_options ? *codec_options : arrow::util::CodecOptions{});
    if (!is_flat) return ::parquet::ColumnWriter::Make(metadata, std::move(pager), &properties);
    return std::make_shared<FlatColumnWriter>(metadata, std::move(pager), &properties);
  }

  int64_t Sum(int64_t (::parquet::ColumnWriter::*bytes)() const) const {
    int64_t sum = 0;
    for (const auto& column : columns_) sum += (column.get()->*bytes)();
    return sum;
  }

  ::parquet::RowGroupMetaDataBuilder* const metadata_;
  const int16_t ordinal_;
  std::vector<std::shared_ptr<::parquet::ColumnWriter>> columns_;
  int64_t num_rows_ = 0;  // once it is closed
  int64_t bytes_written_ = 0;
  bool closed_ = false;
};

class FileContents : public ::parquet::ParquetFileWriter::Contents {
 public:
  FileContents(std::shared_ptr<arrow::io::OutputStream> sink,
               std::shared_ptr<::parquet::schema::GroupNode> schema,
               std::shared_ptr<Properties> properties, OpenRowGroup* row_group)
      : Contents(std::move(schema), nullptr),
        sink_(std::move(sink)),
        properties_(std::move(properties)),
        row_group_(row_group),
        metadata_(::parquet::FileMetaDataBuilder::Make(&schema_, properties_)),
        indexes_(::parquet::PageIndexBuilder::Make(&schema_)) {
    PARQUET_THROW_NOT_OK(sink_->Write(::parquet::kParquetMagic, sizeof(::parquet::kParquetMagic)));
  }

  void Close() override {
    if (std::exchange(closed_, true)) return;
    CloseRowGroup();
    indexes_->Finish();
    const auto locations = indexes_->WriteTo(sink_.get());
    metadata_->SetIndexLocations(::parquet::IndexKind::kColumnIndex,
                                 locations.column_index_locations);
    metadata_->SetIndexLocations(::parquet::IndexKind::kOffsetIndex,
                                 locations.offset_index_locations);
    file_metadata_ = metadata_->Finish(key_value_metadata_);
    ::parquet::WriteFileMetaData(*file_metadata_, sink_.get());
  }

  ::parquet::RowGroupWriter* AppendRowGroup() override {
    throw ParquetException("only buffered row groups are written");
  }

  ::parquet::RowGroupWriter* AppendBufferedRowGroup() override {
    if (num_row_groups_ > std::numeric_limits<int16_t>::max()) {
      throw ParquetException("a file has more row groups than Parquet has numbers for");
    }
    CloseRowGroup();
    indexes_->AppendRowGroup();
    open_ = std::make_unique<::parquet::RowGroupWriter>(std::make_unique<RowGroupContents>(
        sink_, properties_, static_cast<int16_t>(num_row_groups_++), metadata_->AppendRowGroup(),
        indexes_.get()));
    return row_group_->writer = open_.get();
  }

  int64_t num_rows() const override { return num_rows_; }
  int num_columns() const override { return schema_.num_columns(); }
  int num_row_groups() const override { return num_row_groups_; }
  const std::shared_ptr<Properties>& properties() const override { return properties_; }

  void AddKeyValueMetadata(
      const std::shared_ptr<const ::parquet::KeyValueMetadata>& metadata) override {
    key_value_metadata_ =
        key_value_metadata_ == nullptr ? metadata : key_value_metadata_->Merge(*metadata);
  }

 private:
  void CloseRowGroup() {
    row_group_->writer = nullptr;  // closing may throw
    const auto closing = std::move(open_);
    if (closing == nullptr) return;
    num_rows_ += closing->num_rows();
    closing->Close();
  }

  const std::shared_ptr<arrow::io::OutputStream> sink_;
  const std::shared_ptr<Properties> properties_;
  OpenRowGroup* const row_group_;
  const std::unique_ptr<::parquet::FileMetaDataBuilder> metadata_;
  const std::unique_ptr<::parquet::PageIndexBuilder> indexes_;
  std::unique_ptr<::parquet::RowGroupWriter> open_;
  int64_t num_rows_ = 0;
  int num_row_groups_ = 0;
  bool closed_ = false;
};

// What arrow::io::BufferOutputStream holds for `bytes`.
int64_t BufferCapacity(int64_t bytes) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(bytes)));
}

}  // namespace

int64_t OpenRowGroup::buffered_bytes() const {
  if (writer == nullptr) return 0;
  const ::parquet::RowGroupWriter::BufferedStats values = writer->estimated_buffered_stats();
  return writer->total_compressed_bytes() + writer->total_compressed_bytes_written() +
         values.def_level_bytes + values.rep_level_bytes + values.value_bytes + values.dict_bytes;
}

// Each column's pages are gathered in one buffer, which doubles when it is full; while it moves,
// the old one and the new one exist. Closing at `limit_bytes` alone would let one large column take
// three times that.
bool OpenRowGroup::IsFull(int64_t limit_bytes, int64_t next_bytes) const {
  if (num_rows() == 0) return false;
  if (buffered_bytes() >= limit_bytes) return true;
  int64_t held_bytes = 0;
  int64_t largest_growth_bytes = 0;
  for (int i = 0; i < writer->num_columns(); ++i) {
    const ::parquet::ColumnWriter& column = *writer->column(i);
    const int64_t written_bytes = column.total_compressed_bytes_written();
    const int64_t capacity_bytes = BufferCapacity(written_bytes);
    const int64_t next_capacity_bytes = BufferCapacity(written_bytes + next_bytes);
    held_bytes += capacity_bytes + column.total_compressed_bytes();
    if (next_capacity_bytes > capacity_bytes) {
      largest_growth_bytes = std::max(largest_growth_bytes, next_capacity_bytes);
    }
  }
  return held_bytes + largest_growth_bytes > 2 * limit_bytes;
}

std::unique_ptr<::parquet::ParquetFileWriter> OpenRowGroupFile(
    std::shared_ptr<arrow::io::OutputStream> sink,
    std::shared_ptr<::parquet::schema::GroupNode> schema,
    std::shared_ptr<::parquet::WriterProperties> properties, OpenRowGroup* row_group) {
  auto writer = std::make_unique<::parquet::ParquetFileWriter>();
  writer->Open(std::make_unique<FileContents>(std::move(sink), std::move(schema),
                                              std::move(properties), row_group));
  return writer;
}

}  // namespace spillway::parquet
