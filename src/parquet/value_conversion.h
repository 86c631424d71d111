// Turns the values of one leaf column from the form that a file has into the type that a table
// declares, for those differences that Delta allows: the unit and zone of timestamps, the width of
// integers, decimals and floats (a column may have been widened after the file was written), the
// layout of strings. Every conversion is exact or fails on the value that does not fit; only
// nanoseconds are cut to microseconds, downwards. Bytes that the file does not call a string become
// one where they are UTF-8; fixed bytes (a UUID, say) never do, as they do not in Spark.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::parquet {

// Whether values of the leaf type `from` may stand for values of `to`.
bool CanConvertValues(const arrow::DataType& from, const arrow::DataType& to);

// Converts `values`, for whose type CanConvertValues holds, to `to`. Returns the same array where
// nothing is to be done. Fails with an uncoded TypeError where a value does not fit, with Invalid
// where it is not even what the file says, with OutOfMemory.
Result<std::shared_ptr<arrow::Array>> ConvertValues(std::shared_ptr<arrow::Array> values,
                                                    const std::shared_ptr<arrow::DataType>& to,
                                                    arrow::MemoryPool* pool);

// Fails with a TypeError where one of `texts` (of type STRING) is not UTF-8.
Status CheckText(const arrow::Array& texts);

}  // namespace spillway::parquet
