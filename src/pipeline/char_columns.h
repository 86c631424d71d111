// Columns that Spark made as CHAR(n) or VARCHAR(n). In a Delta table they are strings whose
// metadata have the declared type; it is the writer who checks the lengths.
//
// Thread rule: a free function.
#pragma once

#include <string>

#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::pipeline {

// Refuses, with kUnsupportedFeature, to write into a table that has such a column, at any depth.
// `where` names the table in the error.
Status RefuseCharColumns(const arrow::Schema& table, const std::string& where);

}  // namespace spillway::pipeline
