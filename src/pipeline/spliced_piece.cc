#include "pipeline/spliced_piece.h"

#include <algorithm>
#include <utility>

#include "pipeline/table_writer.h"
#include "pipeline/write_options.h"

namespace spillway::pipeline {

SplicedPiece::SplicedPiece(const PieceContext& context, int64_t now_micros)
    : context_(context), now_micros_(now_micros) {}

Result<WrittenFiles> SplicedPiece::Write(const Piece& piece) {
  const PinnedTable& source = *context_.plan.source;
  const std::vector<PinnedFile>& files = source.files();
  auto file = std::ranges::upper_bound(files, piece.first_ordinal, {}, &PinnedFile::first_ordinal);
  for (--file; file != files.end() && file->first_ordinal < piece.end_ordinal; ++file) {
    const auto number = static_cast<size_t>(file - files.begin());
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          parquet::FileReader::Open(
                              file->data_file.path, file->data_file.size_bytes,
                              ReadOptionsFor(context_.plan.sizes, context_.memory.read_pool())));
    for (size_t group = 0; group < file->row_groups.size(); ++group) {
      const int64_t first = file->first_ordinal + file->row_groups[group].first_row;
      if (first < piece.first_ordinal || first >= piece.end_ordinal) continue;
      if (file->row_groups[group].num_rows == 0) continue;
      ARROW_RETURN_NOT_OK(WriteRowGroup(number, *reader, static_cast<int>(group)));
    }
  }
  ARROW_RETURN_NOT_OK(CloseFile());
  return std::move(written_);
}

Status SplicedPiece::WriteRowGroup(size_t file, const parquet::FileReader& reader, int row_group) {
  const PinnedRowGroup& group =
      context_.plan.source->files()[file].row_groups[static_cast<size_t>(row_group)];
  if (writer_ != nullptr && !HasRoom(file, reader, row_group)) ARROW_RETURN_NOT_OK(CloseFile());
  if (writer_ == nullptr) ARROW_RETURN_NOT_OK(OpenFile(file, reader, row_group));
  ARROW_RETURN_NOT_OK(Encode(file, group));
  ARROW_RETURN_NOT_OK(writer_->EndRowGroup(reader, row_group));
  written_.rows += group.num_rows;
  ++written_.spliced_row_groups;
  return Status::OK();
}

bool SplicedPiece::HasRoom(size_t file, const parquet::FileReader& reader, int row_group) const {
  const spec::Target& target = context_.plan.spec.target;
  const auto group = static_cast<size_t>(row_group);
  const int64_t rows = context_.plan.source->files()[file].row_groups[group].num_rows;
  if (writer_->bytes_written() >= target.target_file_size_bytes) return false;
  if (target.max_records_per_file &&
      writer_->rows_written() + rows > *target.max_records_per_file) {
    return false;
  }
  return context_.splice.files[file].is_copied == is_copied_ && writer_->Accepts(reader, row_group);
}

Status SplicedPiece::OpenFile(size_t file, const parquet::FileReader& reader, int row_group) {
  const Plan& plan = context_.plan;
  const PinnedTable& source = *plan.source;
  is_copied_ = context_.splice.files[file].is_copied;
  std::vector<parquet::SpliceColumn> columns;
  for (int i = 0; i < plan.pipeline->output_schema->num_fields(); ++i) {
    columns.push_back({.field = plan.pipeline->output_schema->field(i)});
    if (!is_copied_[static_cast<size_t>(i)]) continue;
    const auto source_column =
        static_cast<size_t>(plan.pipeline->output_columns[static_cast<size_t>(i)]);
    columns.back().copied_from = FileColumn(source.snapshot(), source.columns()[source_column]);
  }
  parquet::SpliceOptions options{.write = WriteOptionsFor(plan, context_.memory.write_pool()),
                                 .copy_buffer_bytes = plan.sizes.copy_buffer_bytes,
                                 .share_block_bytes = context_.share_block_bytes};
  file_name_ = NewDataFileName(written_.files().size(), options.write.compression);
  return parquet::SpliceWriter::Open(plan.target.path + "/" + file_name_, std::move(columns),
                                     reader, row_group, options)
      .Value(&writer_);
}

// Reads, joins and derives the rows of a row group, and encodes the columns that are not copied.
Status SplicedPiece::Encode(size_t file, const PinnedRowGroup& group) {
  const int64_t first = context_.plan.source->files()[file].first_ordinal + group.first_row;
  const auto rows = ReadSilver(context_.plan, context_.indexes,
                               {.first_ordinal = first, .end_ordinal = first + group.num_rows},
                               context_.memory, {now_micros_}, context_.progress, context_.stop,
                               {.uses = context_.splice.files[file].read, .for_writing = true});
  rows_read_ += group.num_rows;
  int64_t encoded = 0;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    encoded += batch->num_rows();
    rows_changed_ = encoded > group.num_rows;
    if (rows_changed_) return Status::Invalid("the rows do not stay one to one");
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      if (is_copied_[static_cast<size_t>(i)]) continue;
      fields.push_back(batch->schema()->field(i));
      columns.push_back(batch->column(i));
    }
    ARROW_RETURN_NOT_OK(writer_->Write(*arrow::RecordBatch::Make(
        arrow::schema(std::move(fields)), batch->num_rows(), std::move(columns))));
    rows_encoded_ += batch->num_rows();
    context_.progress->rows_written.fetch_add(batch->num_rows(), std::memory_order_relaxed);
  }
  return Status::OK();
}

Status SplicedPiece::CloseFile() {
  if (writer_ == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const parquet::SplicedFile spliced, writer_->Close());
  writer_.reset();
  written_.Add(context_.plan.target.path, DescribeFile(spliced.file, std::move(file_name_)));
  written_.copied_bytes += spliced.copied_bytes;
  written_.shared_bytes += spliced.shared_bytes;
  return Status::OK();
}

void SplicedPiece::TakeBackProgress() {
  context_.progress->rows_done.fetch_sub(rows_read_, std::memory_order_relaxed);
  context_.progress->rows_written.fetch_sub(rows_encoded_, std::memory_order_relaxed);
}

}  // namespace spillway::pipeline
