// The result types that every fallible function of Spillway returns: Arrow's.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

namespace spillway {

using arrow::Result;
using arrow::Status;

}  // namespace spillway
