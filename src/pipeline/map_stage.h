// The base of stages that make at most one batch out of each batch. A stage is an Arrow
// RecordBatchReader, so that stages compose by owning the reader before them.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <utility>

#include <arrow/record_batch.h>

#include "base/status.h"

namespace spillway::pipeline {

class MapStage : public arrow::RecordBatchReader {
 public:
  MapStage(std::unique_ptr<arrow::RecordBatchReader> input, std::shared_ptr<arrow::Schema> schema)
      : input_(std::move(input)), schema_(std::move(schema)) {}

  std::shared_ptr<arrow::Schema> schema() const final { return schema_; }

  // The next batch that has rows, or null at the end.
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) final {
    for (;;) {
      ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
      if (*batch == nullptr) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(*batch, Process(std::move(*batch)));
      if ((*batch)->num_rows() > 0) return Status::OK();
    }
  }

  Status Close() final { return input_->Close(); }

 protected:
  // Returns a batch of schema(), with no rows where nothing is left of `batch`.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Process(
      std::shared_ptr<arrow::RecordBatch> batch) = 0;

 private:
  std::unique_ptr<arrow::RecordBatchReader> input_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace spillway::pipeline
