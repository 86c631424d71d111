// Which Arrow schemas can be a Delta table's file.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::parquet {

// The schema as it is given to parquet-cpp: without metadata, which would end up in the file. A
// column may bring the field ids of the table that it came from; they mean nothing in another.
// Fails with kUnsupportedType, naming the column, where a type is none of Delta's or could not be
// written as Delta says.
Result<std::shared_ptr<arrow::Schema>> WritableSchema(const arrow::Schema& schema);

}  // namespace spillway::parquet
