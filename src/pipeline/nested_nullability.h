// Whether the fields inside structs, lists and maps may be NULL. Spark's writer makes all of them
// nullable in a table that it makes, whatever they are in the table that it reads; an existing
// table has its own word.
//
// Thread rule: free functions.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

namespace spillway::pipeline {

// `schema` with everything nullable, at every depth, but the keys of maps.
std::shared_ptr<arrow::Schema> AllNullable(const arrow::Schema& schema);

// Whether a column `stored` holds all values of `wanted`: the types are the same, and where
// `wanted` may be NULL, so may `stored`. Names at the top do not count.
bool Holds(const arrow::Field& stored, const arrow::Field& wanted);

// `array` as one of `type`, which differs from its own only in nullability. Copies no values.
std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::Array>& array,
                                      const std::shared_ptr<arrow::DataType>& type);

}  // namespace spillway::pipeline
