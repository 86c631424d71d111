#include "parquet/observed_writer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <parquet/column_writer.h>

namespace spillway::parquet {
namespace {

// Hands everything on to parquet-cpp's own contents, inside the writer `inner`.
class ObservedContents : public ::parquet::ParquetFileWriter::Contents {
 public:
  ObservedContents(std::unique_ptr<::parquet::ParquetFileWriter> inner,
                   std::shared_ptr<::parquet::schema::GroupNode> schema, OpenRowGroup* row_group)
      : Contents(std::move(schema), nullptr), inner_(std::move(inner)), row_group_(row_group) {}

  void Close() override {
    row_group_->writer = nullptr;
    inner_->Close();
    file_metadata_ = inner_->metadata();
  }

  ::parquet::RowGroupWriter* AppendRowGroup() override {
    return row_group_->writer = inner_->AppendRowGroup();
  }

  ::parquet::RowGroupWriter* AppendBufferedRowGroup() override {
    row_group_->writer = nullptr;  // closing the one before may throw
    return row_group_->writer = inner_->AppendBufferedRowGroup();
  }

  int64_t num_rows() const override { return inner_->num_rows(); }
  int num_columns() const override { return inner_->num_columns(); }
  int num_row_groups() const override { return inner_->num_row_groups(); }

  const std::shared_ptr<::parquet::WriterProperties>& properties() const override {
    return inner_->properties();
  }

  void AddKeyValueMetadata(
      const std::shared_ptr<const ::parquet::KeyValueMetadata>& metadata) override {
    inner_->AddKeyValueMetadata(metadata);
  }

 private:
  const std::unique_ptr<::parquet::ParquetFileWriter> inner_;
  OpenRowGroup* const row_group_;
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

std::unique_ptr<::parquet::ParquetFileWriter> OpenObservedWriter(
    std::shared_ptr<arrow::io::OutputStream> sink,
    std::shared_ptr<::parquet::schema::GroupNode> schema,
    std::shared_ptr<::parquet::WriterProperties> properties, OpenRowGroup* row_group) {
  auto inner = ::parquet::ParquetFileWriter::Open(std::move(sink), schema, std::move(properties));
  auto observed = std::make_unique<::parquet::ParquetFileWriter>();
  observed->Open(
      std::make_unique<ObservedContents>(std::move(inner), std::move(schema), row_group));
  return observed;
}

}  // namespace spillway::parquet
