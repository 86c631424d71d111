// The rows of a sort in their order, as batches.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include "base/status.h"
#include "join/row_decoder.h"
#include "sort/run_merger.h"
#include "sort/sort_state.h"

namespace spillway::sort {

// What a batch has at most; one row it has always.
struct BatchLimits {
  int64_t rows = 0;
  int64_t bytes = 0;
};

class MergedRows {
 public:
  static constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

  // `state` must outlive it. Batches come from `batch_pool`.
  static Result<std::unique_ptr<MergedRows>> Make(const SortState& state,
                                                  std::unique_ptr<RunMerger> merger,
                                                  const BatchLimits& limits,
                                                  arrow::MemoryPool* batch_pool);

  const std::shared_ptr<arrow::Schema>& schema() const { return state_.options.schema; }

  bool done() const { return merger_->done(); }

  // How many source rows have begun: different numbers among the rows that came or were passed.
  int64_t source_rows() const { return source_rows_; }

  // The next rows of the first `source_rows` source rows; null where there are none left. All rows
  // of one source row belong to it.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(int64_t source_rows = kAll);

  // Passes the rows that are left of the first `source_rows` source rows.
  Status Skip(int64_t source_rows);

  // The most that it takes from the sort's pool besides what the merger does, where no row is
  // longer than a batch.
  static int64_t EstimateBytes(const BatchLimits& limits);

 private:
  MergedRows(const SortState& state, std::unique_ptr<RunMerger> merger, const BatchLimits& limits,
             arrow::MemoryPool* batch_pool);

  bool BeginRow(int64_t source_rows);
  Status AppendRow();

  const SortState& state_;
  const std::unique_ptr<RunMerger> merger_;
  const BatchLimits limits_;
  arrow::MemoryPool* const batch_pool_;
  join::RowDecoder decoder_;
  std::unique_ptr<arrow::ResizableBuffer> rows_;  // of the batch, copied from the merger
  int64_t rows_bytes_ = 0;
  std::unique_ptr<arrow::Buffer> positions_;  // int64 by row of the batch
  int64_t num_rows_ = 0;
  int64_t source_rows_ = 0;
  int64_t number_ = -1;  // of the latest source row
};

}  // namespace spillway::sort
