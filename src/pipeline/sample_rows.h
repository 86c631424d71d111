// The rows of the sample tables. A row's values depend on the seed and its place alone, so that
// batches may be made in any order, by any thread; both tables have their rows in shuffled orders
// of their own.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

#include "base/status.h"
#include "pipeline/sample_tables.h"

namespace spillway::pipeline {

std::shared_ptr<arrow::Schema> BronzeSchema();
std::shared_ptr<arrow::Schema> PredictionSchema();

// The bronze rows of the places from `first` to before `end`, of 0 to options.rows.
Result<std::shared_ptr<arrow::RecordBatch>> BronzeRows(const SampleOptions& options, int64_t first,
                                                       int64_t end, arrow::MemoryPool* pool);

// The predictions of the places from `first` to before `end`; not every place has one.
Result<std::shared_ptr<arrow::RecordBatch>> PredictionRows(const SampleOptions& options,
                                                           int64_t first, int64_t end,
                                                           arrow::MemoryPool* pool);

}  // namespace spillway::pipeline
