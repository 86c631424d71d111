// Columns of Spark's type VOID, which have no values: a source may have them, a table that we write
// may not.
//
// Thread rule: a free function.
#pragma once

#include <string>

#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::pipeline {

// Whether a type is VOID, or has it inside.
bool HasVoid(const arrow::DataType& type);

// Refuses, with kUnsupportedType, an output with a column that is VOID or has one inside. `where`
// is the error's place.
Status RefuseVoidColumns(const arrow::Schema& output, const std::string& where);

}  // namespace spillway::pipeline
