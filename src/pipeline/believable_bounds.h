// What a statistic's bounds must not be, to be believed.
//
// Thread rule: free functions.
#pragma once

#include <arrow/type_fwd.h>

namespace spillway::pipeline {

// Whether a minimum contradicts its maximum, which has the same type: an integer, a date, a
// timestamp, a decimal or a text.
bool IsAbove(const arrow::Scalar& minimum, const arrow::Scalar& maximum);

// Whether it is a date or a timestamp before 1900. From then on all calendars and all writers count
// days and instants alike.
bool IsBeforeCommonTime(const arrow::Scalar& value);

}  // namespace spillway::pipeline
