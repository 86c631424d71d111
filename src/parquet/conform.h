// Builds the wanted column from the decoded one by its plan: converts leaf values, reorders struct
// fields, adds the missing ones as NULL, gives lists and maps the wanted names. Buffers that need
// no change are shared, not copied.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>

#include "base/status.h"
#include "parquet/column_plan.h"

namespace spillway::parquet {

// Makes the column of `plan` from `source`, an array that has passed Validate. The outcome has the
// type of plan.wanted exactly. Fails with an uncoded Invalid status that says why the values do not
// fit, or with OutOfMemory.
Result<std::shared_ptr<arrow::Array>> ConformColumn(const ColumnPlan& plan,
                                                    const std::shared_ptr<arrow::Array>& source,
                                                    arrow::MemoryPool* pool);

}  // namespace spillway::parquet
