// The stream of record batches that FileReader::Read gives: one row group after another, batch by
// batch, columns decoded and made as they are wanted.
//
// Thread rule: a stream is used by one thread at a time.
#pragma once

#include <memory>
#include <vector>

#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>

#include "base/status.h"
#include "parquet/batch_size.h"
#include "parquet/column_plan.h"
#include "parquet/data_file.h"

namespace spillway::parquet {

using ArrowReader = ::parquet::arrow::FileReader;

// parquet-cpp's reader of a file; it knows its schema, and decodes what ColumnStream does not.
// Throws as parquet-cpp does. With `threads` columns are decoded side by side.
Result<std::unique_ptr<ArrowReader>> MakeArrowReader(const DataFile& file, bool threads);

// `batch_sizes` has one for each row group from `first_row_group` on that is to be read. What goes
// wrong is coded as FileReader::Read says.
std::unique_ptr<arrow::RecordBatchReader> MakeColumnStream(DataFile file,
                                                           std::unique_ptr<ArrowReader> reader,
                                                           ReadPlan plan,
                                                           std::vector<BatchSize> batch_sizes,
                                                           int first_row_group, bool threads);

}  // namespace spillway::parquet
