// A value as a person reads it, in bounded length.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/array/array_base.h>

#include "base/status.h"

namespace spillway::pipeline {

// The value of `column` in `row`: "NULL", "0.5", "acc_1.jpg", of bytes their hexadecimal digits.
// What is longer than about 60 bytes is cut off, and its length and a hash follow, so that values
// that differ look different.
Result<std::string> ValueText(const arrow::Array& column, int64_t row);

}  // namespace spillway::pipeline
