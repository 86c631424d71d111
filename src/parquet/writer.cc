#include "parquet/writer.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "parquet/batch_encoder.h"
#include "parquet/new_file.h"
#include "parquet/throw_boundary.h"
#include "parquet/writable_schema.h"

namespace spillway::parquet {

struct FileWriter::Impl {
  Impl(std::string file_path, std::shared_ptr<arrow::Schema> writable, WriteOptions options)
      : path(std::move(file_path)),
        schema(std::move(writable)),
        encoder(schema, std::move(options)) {}

  Status Start() {
    ARROW_ASSIGN_OR_RAISE(file, NewFile::Create(path));
    return encoder.Start(file);
  }

  Status Finish(WrittenFile* written) {
    ARROW_RETURN_NOT_OK(encoder.Finish());
    *written = {.path = path, .size_bytes = file->size_bytes(), .num_rows = encoder.rows_written()};
    ARROW_ASSIGN_OR_RAISE(written->columns, encoder.Statistics());
    return file->Commit();
  }

  // Calls one of the above; every failure comes back coded.
  template <typename Function>
  Status Call(Function&& function) {
    return WriteError(CatchParquet(std::forward<Function>(function)), path);
  }

  const std::string path;
  const std::shared_ptr<arrow::Schema> schema;
  bool failed = false;
  std::shared_ptr<NewFile> file;
  BatchEncoder encoder;  // goes first: closing it writes to the file
};

FileWriter::FileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FileWriter::~FileWriter() { static_cast<void>(Abort()); }

Result<std::unique_ptr<FileWriter>> FileWriter::Open(std::string path,
                                                     std::shared_ptr<arrow::Schema> schema,
                                                     const WriteOptions& options) {
  ARROW_RETURN_NOT_OK(CheckCodecs(options));
  ARROW_ASSIGN_OR_RAISE(auto writable, WritableSchema(*schema));
  auto impl = std::make_unique<Impl>(std::move(path), std::move(writable), options);
  std::unique_ptr<FileWriter> writer(new FileWriter(std::move(impl)));
  Impl& opened = *writer->impl_;
  ARROW_RETURN_NOT_OK(opened.Call([&] { return opened.Start(); }));
  return writer;
}

Status FileWriter::Write(const arrow::RecordBatch& batch) {
  if (!impl_->encoder.is_open() || impl_->failed) return Status::Invalid("the writer has ended");
  if (batch.num_rows() == 0) return Status::OK();
  arrow::ArrayVector columns = batch.columns();
  if (!FitsSchema(columns, *impl_->schema)) {
    return WriteError(Status::Invalid("a batch of other columns: ", batch.schema()->ToString()),
                      impl_->path);
  }
  // Under the file's own schema: names and nullability of the batch's do not matter.
  const auto rows = arrow::RecordBatch::Make(impl_->schema, batch.num_rows(), std::move(columns));
  const Status status = impl_->Call([&] { return impl_->encoder.Write(*rows); });
  impl_->failed = !status.ok();
  return status;
}

int64_t FileWriter::bytes_written() const {
  return impl_->file->size_bytes() + impl_->encoder.buffered_bytes();
}

int64_t FileWriter::rows_written() const { return impl_->encoder.rows_written(); }

int64_t FileWriter::row_groups_written() const { return impl_->encoder.row_groups_written(); }

Result<WrittenFile> FileWriter::Close() {
  if (!impl_->encoder.is_open() || impl_->failed) return Status::Invalid("the writer has ended");
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
  impl_->encoder.Abandon();
  return status;
}

}  // namespace spillway::parquet
