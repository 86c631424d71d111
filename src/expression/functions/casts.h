// CAST: the kernel for each pair of types.
//
// Thread rule: pure functions.
#pragma once

#include "expression/kernel.h"

namespace spillway::expression::functions {

struct CastKernel {
  Kernel kernel;
  bool can_fail;
  bool makes_nulls = false;  // of values that are not null (NaN to a decimal)
};

// The kernel of a cast that CanCast allows, between different types.
CastKernel FindCast(const ValueType& from, const ValueType& to);

// cast_number.cc: among boolean, integers and floating-point numbers.
Result<Value> CastNumberToNumber(const KernelInput& input);
Result<Value> CastNumberToBoolean(const KernelInput& input);
Result<Value> CastBooleanToNumber(const KernelInput& input);

// cast_decimal.cc
Result<Value> CastIntegralToDecimal(const KernelInput& input);
Result<Value> CastFloatingToDecimal(const KernelInput& input);
Result<Value> CastDecimalToDecimal(const KernelInput& input);
Result<Value> CastDecimalToIntegral(const KernelInput& input);
Result<Value> CastDecimalToFloating(const KernelInput& input);
Result<Value> CastBooleanToDecimal(const KernelInput& input);

// cast_text.cc
Result<Value> CastTextToNumber(const KernelInput& input);
Result<Value> CastTextToDecimal(const KernelInput& input);
Result<Value> CastTextToBoolean(const KernelInput& input);
Result<Value> CastTextToDatetime(const KernelInput& input);
Result<Value> CastToText(const KernelInput& input);
Result<Value> CastTextToBinary(const KernelInput& input);  // and back: the bytes stay

// cast_datetime.cc
Result<Value> CastDateToTimestamp(const KernelInput& input);  // either kind
Result<Value> CastTimestampToDate(const KernelInput& input);
Result<Value> CastTimestampToTimestamp(const KernelInput& input);
Result<Value> CastTimestampToNumber(const KernelInput& input);
Result<Value> CastNumberToTimestamp(const KernelInput& input);

}  // namespace spillway::expression::functions
