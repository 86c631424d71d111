// The names that columns have in data files, where a table maps its columns to others
// (delta.columnMapping.mode), which allows any name in the table.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "delta/snapshot.h"

namespace spillway::pipeline {

inline constexpr char kColumnMappingMode[] = "delta.columnMapping.mode";
inline constexpr char kLargestColumnId[] = "delta.columnMapping.maxColumnId";

// `schema` with an id and a physical name for each field, at every depth, as its metadata: what
// delta::CreateTable takes for a table that maps its columns. Ids begin behind `last_id`. The same
// `run` gives the same names, so that what one attempt wrote is of use to the next.
std::shared_ptr<arrow::Schema> WithMapping(const arrow::Schema& schema, const std::string& run,
                                           int64_t last_id);

// `schema`, whose fields have such metadata, as data files have it: physical names, and ids as
// Parquet's field ids.
std::shared_ptr<arrow::Schema> InFiles(const arrow::Schema& schema);

// The columns of `schema`, which are those of a table that maps its columns, as its data files have
// them.
std::shared_ptr<arrow::Schema> InFilesOf(const delta::Snapshot& table, const arrow::Schema& schema);

// `batch` under the names of `file_schema`; its columns are the same ones. Copies no values.
std::shared_ptr<arrow::RecordBatch> InFiles(const arrow::RecordBatch& batch,
                                            const std::shared_ptr<arrow::Schema>& file_schema);

}  // namespace spillway::pipeline
