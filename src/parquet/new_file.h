// A file that is written once, front to back: whole and durable after Commit, and it is gone when
// Commit was not reached. It is an Arrow output stream, without a buffer, for parquet-cpp writes a
// row group's columns in large pieces.
//
// Thread rule: one thread at a time, but for Fill.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "storage/file_descriptor.h"
#include "storage/file_range.h"

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

  // Leaves room for `size` bytes that stand at `source_offset` of another file, for Fill. Where
  // blocks are transferred as they are, a gap before the bytes brings both files' offsets in step.
  // Returns where the bytes begin.
  int64_t Reserve(int64_t source_offset, int64_t size, const storage::TransferMethod& method);

  // Puts bytes of `source` where there is room for them, with the `method` that Reserve was given;
  // what is not transferred as blocks goes through `buffer`. Another thread may do it, while this
  // one writes behind it. Returns how many bytes are shared: they take no room on the disk.
  Result<int64_t> Fill(const storage::OpenFile& source, int64_t source_offset, int64_t begin,
                       int64_t size, const storage::TransferMethod& method,
                       std::span<uint8_t> buffer) const;

  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return position_; }

  // Syncs the file, closes it, and syncs its folder.
  Status Commit();

  // Closes and removes the file; later writes fail. No effect after Commit or Discard.
  Status Discard();

 private:
  NewFile(std::string path, storage::FileDescriptor descriptor);

  Status CheckOpen() const;
  Result<bool> Transfer(const storage::OpenFile& source, int64_t source_offset, int64_t begin,
                        int64_t size, storage::BlockTransfer way) const;

  const std::string path_;
  storage::FileDescriptor descriptor_;
  int64_t position_ = 0;
};

}  // namespace spillway::parquet
