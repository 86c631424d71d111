// Streams rows of a pinned table in the order of their ordinals, as the table's schema has them:
// the files' columns, the partition columns' values from the log, and without the rows that
// deletion vectors mark as deleted, nor those that the table leaves out.
//
// Thread rule: a stream belongs to one thread; several may read one table, which outlives them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "pipeline/pinned_table.h"
#include "pipeline/source_use.h"

namespace spillway::pipeline {

// Reads the rows with ordinals [first, end), as far as the table has them, in pieces of `options`.
// The batches have table.read_schema(); none is empty. Errors are coded and name the file.
//
// `uses` says, by wanted column, how much of it is read; empty means all values. In place of a
// column that is not read stands an array of Arrow's null type.
std::unique_ptr<arrow::RecordBatchReader> ScanTable(const PinnedTable& table, int64_t first,
                                                    int64_t end,
                                                    const parquet::ReadOptions& options,
                                                    std::vector<ColumnUse> uses = {});

// The typed value of a partition column from its serialised form in the log (none = NULL). Fails
// with kCorruptLog where the text is not a value of `type`.
Result<std::shared_ptr<arrow::Scalar>> ParsePartitionValue(
    const std::shared_ptr<arrow::DataType>& type, const std::optional<std::string>& text);

// The same of a file's column `field`; null where the log gives it no value, as of all columns that
// are stored in files. The error names the file.
Result<std::shared_ptr<arrow::Scalar>> PartitionValueOf(const delta::DataFile& file,
                                                        const arrow::Field& field);

}  // namespace spillway::pipeline
