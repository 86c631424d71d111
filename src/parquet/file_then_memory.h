// The sink of an encoder whose column chunks go into a file, and whose indexes and footer do not.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>

#include "base/status.h"
#include "parquet/new_file.h"

namespace spillway::parquet {

// The file, until Catch: what is written from then on is kept in memory.
class FileThenMemory : public arrow::io::OutputStream {
 public:
  FileThenMemory(std::shared_ptr<NewFile> file, arrow::MemoryPool* pool)
      : file_(std::move(file)), pool_(pool) {}

  Status Catch() {
    begin_ = file_->size_bytes();
    return arrow::io::BufferOutputStream::Create(4096, pool_).Value(&memory_);
  }
  Result<std::shared_ptr<arrow::Buffer>> Caught() { return memory_->Finish(); }
  int64_t begin() const { return begin_; }  // of what is caught, in the file

  using OutputStream::Write;
  Status Write(const void* data, int64_t num_bytes) override {
    return memory_ ? memory_->Write(data, num_bytes) : file_->Write(data, num_bytes);
  }
  Result<int64_t> Tell() const override {
    if (memory_ == nullptr) return file_->Tell();
    ARROW_ASSIGN_OR_RAISE(const int64_t position, memory_->Tell());
    return begin_ + position;
  }
  bool closed() const override { return file_->closed(); }
  Status Close() override { return Status::OK(); }

 private:
  const std::shared_ptr<NewFile> file_;
  arrow::MemoryPool* const pool_;
  int64_t begin_ = 0;
  std::shared_ptr<arrow::io::BufferOutputStream> memory_;
};

}  // namespace spillway::parquet
