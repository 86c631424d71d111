#include "parquet/writer.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "parquet/column_tally.h"
#include "parquet/new_file.h"
#include "parquet/observed_writer.h"
#include "parquet/small_block_pool.h"
#include "parquet/throw_boundary.h"
#include "parquet/writable_schema.h"

namespace spillway::parquet {
namespace {

using ArrowWriter = ::parquet::arrow::FileWriter;
using PropertiesBuilder = ::parquet::WriterProperties::Builder;

constexpr char kCreatedBy[] = "spillway version " SPILLWAY_VERSION;

Status CheckCodec(const ColumnCompression& compression) {
  if (arrow::util::Codec::IsAvailable(compression.type)) return Status::OK();
  return MakeError({.code = ErrorCode::kValueOutOfRange,
                    .what = fmt::format("the codec {} is not available",
                                        arrow::util::Codec::GetCodecAsString(compression.type)),
                    .cure = "write snappy, zstd, lz4, gzip or none"});
}

PropertiesBuilder CommonProperties(const WriteOptions& options, arrow::MemoryPool* pool) {
  PropertiesBuilder builder;
  builder.memory_pool(pool)
      ->created_by(kCreatedBy)
      ->version(::parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(::parquet::ParquetDataPageVersion::V1)
      ->enable_store_decimal_as_integer()
      ->enable_write_page_index()
      ->enable_page_checksum()
      ->data_pagesize(options.page_bytes)
      ->max_row_group_length(std::max<int64_t>(1, options.row_group_rows))
      ->compression(options.compression);
  if (options.compression_level) builder.compression_level(*options.compression_level);
  if (options.dictionary_page_bytes > 0) {
    builder.dictionary_pagesize_limit(options.dictionary_page_bytes);
  } else {
    builder.disable_dictionary();
  }
  return builder;
}

// Compression is asked for by top-level column, and set for each leaf below it.
void SetColumnCompression(const WriteOptions& options, const ::parquet::SchemaDescriptor& schema,
                          PropertiesBuilder& builder) {
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const auto chosen = options.column_compression.find(schema.GetColumnRoot(leaf)->name());
    if (chosen == options.column_compression.end()) continue;
    const auto path = schema.Column(leaf)->path();
    builder.compression(path, chosen->second.type);
    if (chosen->second.level) builder.compression_level(path, *chosen->second.level);
  }
}

// Rows of a piece of `batch` that takes about `piece_bytes`.
Result<int64_t> RowsOfPiece(const arrow::RecordBatch& batch, int64_t piece_bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(batch));
  const int64_t row_bytes = std::max<int64_t>(1, bytes / std::max<int64_t>(1, batch.num_rows()));
  return std::max<int64_t>(1, piece_bytes / row_bytes);
}

}  // namespace

struct FileWriter::Impl {
  Impl(std::string file_path, std::shared_ptr<arrow::Schema> writable, WriteOptions write_options)
      : path(std::move(file_path)),
        schema(std::move(writable)),
        options(std::move(write_options)),
        pool(options.pool),
        tally(*schema) {}

  Status Start();
  Status Write(const arrow::RecordBatch& batch);
  Status Finish(WrittenFile* written);

  // Calls one of the above; every failure comes back coded.
  template <typename Function>
  Status Call(Function&& function) {
    return WriteError(CatchParquet(std::forward<Function>(function)), path);
  }

  const std::string path;
  const std::shared_ptr<arrow::Schema> schema;
  const WriteOptions options;
  SmallBlockPool pool;  // outlives the writer, whose buffers are its
  ColumnTally tally;
  int64_t rows_written = 0;
  bool failed = false;
  std::shared_ptr<NewFile> file;
  OpenRowGroup row_group;
  std::unique_ptr<ArrowWriter> writer;  // goes first: closing it writes to the others
};

Status FileWriter::Impl::Start() {
  const auto arrow_properties = ::parquet::ArrowWriterProperties::Builder().build();
  PropertiesBuilder builder = CommonProperties(options, &pool);
  std::shared_ptr<::parquet::SchemaDescriptor> descriptor;
  ARROW_RETURN_NOT_OK(::parquet::arrow::ToParquetSchema(schema.get(), *builder.build(),
                                                        *arrow_properties, &descriptor));
  SetColumnCompression(options, *descriptor, builder);
  auto root = std::static_pointer_cast<::parquet::schema::GroupNode>(descriptor->schema_root());
  ARROW_ASSIGN_OR_RAISE(file, NewFile::Create(path));
  return ArrowWriter::Make(&pool,
                           OpenObservedWriter(file, std::move(root), builder.build(), &row_group),
                           schema, arrow_properties, &writer);
}

// parquet-cpp looks at a page's size only after 1,024 values, and at a row group's never: pieces of
// about a page keep both from growing far above their limits where rows are large.
Status FileWriter::Impl::Write(const arrow::RecordBatch& batch) {
  ARROW_ASSIGN_OR_RAISE(const int64_t piece_rows, RowsOfPiece(batch, options.page_bytes));
  for (int64_t first = 0; first < batch.num_rows(); first += piece_rows) {
    if (row_group.writer == nullptr ||
        row_group.IsFull(options.row_group_bytes, 2 * options.page_bytes)) {
      ARROW_RETURN_NOT_OK(writer->NewBufferedRowGroup());
      ARROW_RETURN_NOT_OK(pool.refusal());
    }
    const auto piece = batch.Slice(first, piece_rows);
    ARROW_RETURN_NOT_OK(tally.Add(*piece, &pool));
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*piece));
    ARROW_RETURN_NOT_OK(pool.refusal());
    rows_written += piece->num_rows();
  }
  return Status::OK();
}

Status FileWriter::Impl::Finish(WrittenFile* written) {
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_RETURN_NOT_OK(pool.refusal());
  *written = {.path = path, .size_bytes = file->size_bytes(), .num_rows = rows_written};
  ARROW_ASSIGN_OR_RAISE(written->columns, tally.Finish(*writer->metadata()));
  return file->Commit();
}

FileWriter::FileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FileWriter::~FileWriter() { static_cast<void>(Abort()); }

Result<std::unique_ptr<FileWriter>> FileWriter::Open(std::string path,
                                                     std::shared_ptr<arrow::Schema> schema,
                                                     const WriteOptions& options) {
  ARROW_RETURN_NOT_OK(CheckCodec({.type = options.compression}));
  for (const auto& [column, compression] : options.column_compression) {
    ARROW_RETURN_NOT_OK(CheckCodec(compression));
  }
  ARROW_ASSIGN_OR_RAISE(auto writable, WritableSchema(*schema));
  auto impl = std::make_unique<Impl>(std::move(path), std::move(writable), options);
  std::unique_ptr<FileWriter> writer(new FileWriter(std::move(impl)));
  Impl& opened = *writer->impl_;
  ARROW_RETURN_NOT_OK(opened.Call([&] { return opened.Start(); }));
  return writer;
}

Status FileWriter::Write(const arrow::RecordBatch& batch) {
  if (impl_->writer == nullptr || impl_->failed) return Status::Invalid("the writer has ended");
  if (batch.num_rows() == 0) return Status::OK();
  arrow::ArrayVector columns = batch.columns();
  bool fits = static_cast<int>(columns.size()) == impl_->schema->num_fields();
  for (size_t i = 0; fits && i < columns.size(); ++i) {
    fits = columns[i]->type()->Equals(*impl_->schema->field(static_cast<int>(i))->type());
  }
  if (!fits) {
    return WriteError(Status::Invalid("a batch of other columns: ", batch.schema()->ToString()),
                      impl_->path);
  }
  // Under the file's own schema: names and nullability of the batch's do not matter.
  const auto rows = arrow::RecordBatch::Make(impl_->schema, batch.num_rows(), std::move(columns));
  const Status status = impl_->Call([&] { return impl_->Write(*rows); });
  impl_->failed = !status.ok();
  return status;
}

int64_t FileWriter::bytes_written() const {
  return impl_->file->size_bytes() + impl_->row_group.buffered_bytes();
}

int64_t FileWriter::rows_written() const { return impl_->rows_written; }

Result<WrittenFile> FileWriter::Close() {
  if (impl_->writer == nullptr || impl_->failed) return Status::Invalid("the writer has ended");
  WrittenFile written;
  const Status status = impl_->Call([&] { return impl_->Finish(&written); });
  const Status ended = Abort();  // no effect on a file that is committed
  ARROW_RETURN_NOT_OK(status);
  ARROW_RETURN_NOT_OK(ended);
  return written;
}

Status FileWriter::Abort() {
  if (impl_->file == nullptr) return Status::OK();
  const Status status = impl_->file->Discard();
  // parquet-cpp closes what is open when it is destroyed; on the discarded file that fails at once.
  impl_->row_group.writer = nullptr;
  impl_->writer.reset();
  return status;
}

}  // namespace spillway::parquet
