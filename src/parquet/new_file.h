// A file under construction: it must not exist before, it is durable after Commit, and it is gone
// when Commit was not reached. It is an Arrow output stream, without a buffer, for parquet-cpp
// writes a row group's columns in large pieces.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::parquet {

class NewFile : public arrow::io::OutputStream {
 public:
  // Creates `path`. Fails, as all of its functions do, with what storage::StorageError says.
  static Result<std::shared_ptr<NewFile>> Create(std::string path);

  // Discards the file unless it is committed.
  ~NewFile() override;

  using OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) override;
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return !descriptor_.is_open(); }

  // parquet-cpp may close its sink; the file stays open until Commit or Discard.
  Status Close() override { return Status::OK(); }

  int64_t size_bytes() const { return position_; }

  // Syncs the file, closes it, and syncs its folder.
  Status Commit();

  // Closes and removes the file; later writes fail. No effect after Commit or Discard.
  Status Discard();

 private:
  NewFile(std::string path, storage::FileDescriptor descriptor);

  const std::string path_;
  storage::FileDescriptor descriptor_;
  int64_t position_ = 0;
};

}  // namespace spillway::parquet
