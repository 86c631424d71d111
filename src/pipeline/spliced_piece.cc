#include "pipeline/spliced_piece.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "pipeline/column_mapping.h"
#include "pipeline/silver_reader.h"
#include "pipeline/table_writer.h"
#include "pipeline/write_options.h"

namespace spillway::pipeline {
namespace {

int64_t RowsOf(const parquet::FileReader& reader, int row_group) {
  return reader.footer().row_groups[static_cast<size_t>(row_group)].num_rows;
}

}  // namespace

SplicedPiece::SplicedPiece(const PieceContext& context, int64_t now_micros)
    : context_(context), now_micros_(now_micros) {}

Result<WrittenFiles> SplicedPiece::Write(const Piece& piece) {
  const Plan& plan = context_.run.plan;
  const std::vector<PinnedFile>& files = plan.source->files();
  const int64_t first_read = plan.source->left_out_rows().NextRead(piece.first_ordinal);
  const auto file = std::ranges::upper_bound(files, first_read, {}, &PinnedFile::first_ordinal) - 1;
  file_ = &*file;
  splice_ = &plan.splice.files[static_cast<size_t>(file - files.begin())];
  ARROW_ASSIGN_OR_RAISE(const auto footer, ReadFooterAgain(*file));
  written_.expectations.resize(plan.pipeline->expectations.size());
  RunContext reading = context_.run;
  reading.progress = &reading_;
  ARROW_ASSIGN_OR_RAISE(const ReaderPointer rows,
                        ReadSilver(reading, context_.lookups, piece, {now_micros_},
                                   {.uses = splice_->columns->read,
                                    .rows_changed = &rows_changed_,
                                    .derive = {.for_writing = true,
                                               .may_fail = true,
                                               .expectations = &written_.expectations}}));
  const parquet::ReadOptions options = ReadOptionsFor(plan.sizes, context_.run.memory.read_pool());
  for (const parquet::RowGroupRange& range : footer->Cut(RowGroupsOf(piece))) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, parquet::FileReader::Open(*footer, range, options));
    for (int group = 0; group < range.count; ++group) {
      if (RowsOf(*reader, group) > 0) ARROW_RETURN_NOT_OK(WriteRowGroup(*rows, *reader, group));
    }
  }
  ARROW_RETURN_NOT_OK(CloseFile());
  return std::move(written_);
}

// Those of the piece's file that lie in the piece.
parquet::RowGroupRange SplicedPiece::RowGroupsOf(const Piece& piece) const {
  const std::vector<PinnedRowGroup>& groups = file_->row_groups;
  const auto place_of = [&](int64_t ordinal) {
    const int64_t row = ordinal - file_->first_ordinal;
    return static_cast<int>(std::ranges::lower_bound(groups, row, {}, &PinnedRowGroup::first_row) -
                            groups.begin());
  };
  const int first = place_of(piece.first_ordinal);
  return {.first = first, .count = place_of(piece.end_ordinal) - first};
}

// Encodes the new columns of the row group's rows, which come in batches that no other row group
// has a part in, and copies the others.
Status SplicedPiece::WriteRowGroup(arrow::RecordBatchReader& rows,
                                   const parquet::FileReader& reader, int row_group) {
  const int64_t num_rows = RowsOf(reader, row_group);
  if (writer_ != nullptr && !HasRoom(reader, row_group)) ARROW_RETURN_NOT_OK(CloseFile());
  if (writer_ == nullptr) ARROW_RETURN_NOT_OK(OpenFile(reader, row_group));
  ARROW_RETURN_NOT_OK(writer_->StartRowGroup(reader, row_group));
  int64_t encoded = 0;
  while (encoded < num_rows) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows.ReadNext(&batch));
    if (batch == nullptr || encoded + batch->num_rows() > num_rows) {
      return MakeError({.code = ErrorCode::kInternal, .what = "a row group gave other rows"});
    }
    ARROW_RETURN_NOT_OK(Encode(*batch));
    encoded += batch->num_rows();
  }
  ARROW_RETURN_NOT_OK(writer_->EndRowGroup(reader, row_group));
  written_.rows += num_rows;
  ++written_.spliced_row_groups;
  return Status::OK();
}

bool SplicedPiece::HasRoom(const parquet::FileReader& reader, int row_group) const {
  const spec::Target& target = context_.run.plan.spec.target;
  const int64_t rows = RowsOf(reader, row_group);
  if (writer_->bytes_written() >= target.target_file_size_bytes) return false;
  if (writer_->row_groups_written() >= parquet::kMostRowGroups) return false;
  if (target.max_records_per_file &&
      writer_->rows_written() + rows > *target.max_records_per_file) {
    return false;
  }
  return writer_->Accepts(reader, row_group);
}

Status SplicedPiece::OpenFile(const parquet::FileReader& reader, int row_group) {
  const Plan& plan = context_.run.plan;
  const PinnedTable& source = *plan.source;
  std::vector<parquet::SpliceColumn> columns;
  for (int i = 0; i < plan.file_schema->num_fields(); ++i) {
    columns.push_back({.field = plan.file_schema->field(i)});
    if (!splice_->columns->is_copied[static_cast<size_t>(i)]) continue;
    const auto source_column =
        static_cast<size_t>(plan.pipeline->output_columns[static_cast<size_t>(i)]);
    columns.back().copied_from = FileColumn(source.snapshot(), source.columns()[source_column]);
  }
  const parquet::SpliceOptions options{
      .write = WriteOptionsFor(plan, plan.sizes, context_.encode_pool),
      .copy_buffer_bytes = plan.sizes.copy_buffer_bytes,
      .transfer = context_.transfer};
  file_name_ = NewDataFileName(written_.files().size(), plan.file_tag, options.write.compression);
  return parquet::SpliceWriter::Open(plan.target.path + "/" + file_name_, std::move(columns),
                                     reader, row_group, options)
      .Value(&writer_);
}

Status SplicedPiece::Encode(const arrow::RecordBatch& batch) {
  const std::shared_ptr<arrow::Schema>& schema = context_.run.plan.file_schema;
  const auto in_files = InFiles(batch, schema);
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (splice_->columns->is_copied[static_cast<size_t>(i)]) continue;
    fields.push_back(schema->field(i));
    columns.push_back(in_files->column(i));
  }
  ARROW_RETURN_NOT_OK(writer_->Write(*arrow::RecordBatch::Make(
      arrow::schema(std::move(fields)), batch.num_rows(), std::move(columns))));
  rows_encoded_ += batch.num_rows();
  Progress& progress = *context_.run.progress;
  progress.rows_done.fetch_add(batch.num_rows(), std::memory_order_relaxed);
  progress.rows_written.fetch_add(batch.num_rows(), std::memory_order_relaxed);
  progress.memory_in_use_bytes.store(context_.run.memory.in_use_bytes(), std::memory_order_relaxed);
  return Status::OK();
}

Status SplicedPiece::CloseFile() {
  if (writer_ == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const parquet::SplicedFile spliced, writer_->Close());
  writer_.reset();
  written_.Add(context_.run.plan.target.path, DescribeFile(spliced.file, std::move(file_name_)));
  written_.copied_bytes += spliced.copied_bytes;
  written_.shared_bytes += spliced.shared_bytes;
  return Status::OK();
}

}  // namespace spillway::pipeline
