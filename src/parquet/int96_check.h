// Timestamps of the old INT96 form: a Julian day and nanoseconds of it. parquet-cpp takes the day
// for an unsigned number, day 0 for a NULL's, and what does not fit 64 bits of microseconds as it
// comes. So the values are looked at before it decodes them; the usual ones it decodes as Spark
// does.
//
// Thread rule: a free function.
#pragma once

#include <string>

#include <parquet/column_reader.h>

#include "base/status.h"

namespace spillway::parquet {

// Reads the column chunk of an INT96 leaf to its end. Fails with kUnsupportedType, which names
// `column` and the file at `path`, where there is a value that parquet-cpp would get wrong: one
// before 24 November 4714 BC, where Julian days begin, or after the year 294246. Throws as
// parquet-cpp does.
Status CheckInt96(::parquet::ColumnReader& reader, const std::string& column,
                  const std::string& path);

}  // namespace spillway::parquet
