// Values as bytes that compare as the values do.
//
// Thread rule: a free function.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::pipeline {

// A binary array of the values of `column`, none NULL, whose order as memcmp has it is Spark's
// ascending order: NULL first, NaN last; see sort::KeyEncoder. A type that join::LookupIndex's
// IsKeyType refuses must not come. A CapacityError where the bytes exceed 2 GiB.
Result<std::shared_ptr<arrow::Array>> SortKeysOf(const arrow::Array& column,
                                                 arrow::MemoryPool* pool);

}  // namespace spillway::pipeline
