// The kernels of the function table and of the operators. What an argument must be is the business
// of the type rules: a kernel sees the types that they made.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>

#include "expression/kernel.h"

namespace spillway::expression {

// left AND right (decisive = false) or left OR right (decisive = true), with three values.
Result<Value> Decide(const Value& left, const Value& right, bool decisive, int64_t rows,
                     arrow::MemoryPool* pool);

namespace functions {

// arithmetic.cc: both arguments and the result of one type (integral or floating).
Result<Value> Add(const KernelInput& input);
Result<Value> Subtract(const KernelInput& input);
Result<Value> Multiply(const KernelInput& input);
Result<Value> Divide(const KernelInput& input);          // doubles
Result<Value> DivideIntegral(const KernelInput& input);  // bigints
Result<Value> Remainder(const KernelInput& input);
Result<Value> Negate(const KernelInput& input);
Result<Value> Absolute(const KernelInput& input);
Result<Value> AddDays(const KernelInput& input);       // date, int
Result<Value> SubtractDays(const KernelInput& input);  // date, int

// decimal_arithmetic.cc: decimals of any precision and scale.
Result<Value> AddDecimal(const KernelInput& input);
Result<Value> SubtractDecimal(const KernelInput& input);
Result<Value> MultiplyDecimal(const KernelInput& input);
Result<Value> DivideDecimal(const KernelInput& input);
Result<Value> DivideIntegralDecimal(const KernelInput& input);
Result<Value> RemainderDecimal(const KernelInput& input);
Result<Value> NegateDecimals(const KernelInput& input);
Result<Value> AbsoluteDecimals(const KernelInput& input);

// rounding.cc
Result<Value> RoundNumber(const KernelInput& input);  // number, int
Result<Value> FloorNumber(const KernelInput& input);  // bigint, double or decimal
Result<Value> CeilNumber(const KernelInput& input);
Result<Value> FloorDecimal(const KernelInput& input);  // decimal, int
Result<Value> CeilDecimal(const KernelInput& input);

// comparison.cc: arguments of one type.
Result<Value> Equal(const KernelInput& input);
Result<Value> NotEqual(const KernelInput& input);
Result<Value> Less(const KernelInput& input);
Result<Value> LessOrEqual(const KernelInput& input);
Result<Value> Greater(const KernelInput& input);
Result<Value> GreaterOrEqual(const KernelInput& input);
Result<Value> NullSafeEqual(const KernelInput& input);
Result<Value> Greatest(const KernelInput& input);
Result<Value> Least(const KernelInput& input);

// logic.cc
Result<Value> Not(const KernelInput& input);
Result<Value> IsNull(const KernelInput& input);
Result<Value> IsNotNull(const KernelInput& input);
Result<Value> IsTrue(const KernelInput& input);
Result<Value> IsFalse(const KernelInput& input);
Result<Value> IsNaN(const KernelInput& input);

// text.cc, case_mapping.cc, like.cc
Result<Value> Upper(const KernelInput& input);
Result<Value> Lower(const KernelInput& input);
Result<Value> Trim(const KernelInput& input);
Result<Value> TrimLeft(const KernelInput& input);
Result<Value> TrimRight(const KernelInput& input);
Result<Value> Length(const KernelInput& input);
Result<Value> Substring(const KernelInput& input);
Result<Value> Concat(const KernelInput& input);
Result<Value> Replace(const KernelInput& input);
Result<Value> Like(const KernelInput& input);  // string, string, and a constant escape
// Fails with kEvaluation if the escape character stands where it may not.
Status CheckLikePattern(std::string_view pattern, char escape);

// datetime.cc, datetime_format.cc
Result<Value> Year(const KernelInput& input);
Result<Value> Month(const KernelInput& input);
Result<Value> Day(const KernelInput& input);
Result<Value> Hour(const KernelInput& input);
Result<Value> Minute(const KernelInput& input);
Result<Value> Second(const KernelInput& input);
Result<Value> CurrentTimestamp(const KernelInput& input);
Result<Value> CurrentDate(const KernelInput& input);
Result<Value> FormatTimestamps(const KernelInput& input);  // timestamp, string
Result<Value> ParseTimestamps(const KernelInput& input);   // string, string
// Fails with kEvaluation if `pattern` is none that Spark accepts.
Status CheckPattern(std::string_view pattern, bool parsing);

}  // namespace functions
}  // namespace spillway::expression
