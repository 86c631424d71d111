// The errors of kernels: kEvaluation without a place, which the node adds.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "expression/kernel.h"

namespace spillway::expression::functions {

// The value of `row` as an error shows it: 'text', 12.50, DATE '2020-01-01', cut to a length.
std::string ShowValue(const KernelInput& input, size_t argument, int64_t row);

Status Overflow(std::string_view computation, std::string_view type);
Status DivisionByZero(std::string_view computation);
Status CastFailure(const KernelInput& input, int64_t row, std::string_view reason);
Status EvaluationError(std::string what, std::string cure);

}  // namespace spillway::expression::functions
