// Payload of the types that have no form of their own: structs, lists, maps and the rarer ones.
// Stored as Arrow arrays of 2^16 rows, and fetched through Arrow's builders, row by row.
//
// Thread rule: as PayloadColumn.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/payload.h"

namespace spillway::join {

Result<std::unique_ptr<PayloadColumn>> MakeNestedPayload(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool);

// See PayloadColumn::EstimateBytes.
int64_t EstimateNestedBytes(const arrow::DataType& type, int64_t rows, int64_t value_bytes);

}  // namespace spillway::join
