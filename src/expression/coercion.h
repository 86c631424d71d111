// Spark's type coercion in ANSI mode: which types meet in which, and what may be cast.
//
// Thread rule: free functions.
#pragma once

#include <optional>
#include <vector>

#include "expression/value_type.h"

namespace spillway::expression {

// The type that both convert to without loss, never by way of a string.
std::optional<ValueType> TightestCommonType(const ValueType& left, const ValueType& right);

// The same, decimals of any size included: what greatest and least ask for.
std::optional<ValueType> WiderTypeWithoutStrings(const ValueType& left, const ValueType& right);

// The type that a string and `other` meet in: BIGINT, DOUBLE, or `other`'s own.
std::optional<ValueType> WiderTypeForString(const ValueType& left, const ValueType& right);

// The common type of CASE, coalesce and IN: strings give way to the other type.
std::optional<ValueType> WiderType(const ValueType& left, const ValueType& right);

// What both sides of a comparison are cast to: a string gives way to the other type.
std::optional<ValueType> CommonComparisonType(const ValueType& left, const ValueType& right);

// Whether values of the type can be compared here: structs of comparable fields too.
bool IsComparable(const ValueType& type);

// Whether CAST is allowed, and whether a function's argument is cast without being asked.
bool CanCast(const ValueType& from, const ValueType& to);
bool CanCastImplicitly(const ValueType& from, const ValueType& to);

// The decimal that holds every value of an integral type.
ValueType DecimalFor(Kind integral);

// The smallest decimal that holds both, integral digits first where 38 do not suffice.
ValueType WiderDecimal(const ValueType& left, const ValueType& right);

// The result types of decimal arithmetic (spark.sql.decimalOperations.allowPrecisionLoss).
ValueType SumType(const ValueType& left, const ValueType& right);
ValueType ProductType(const ValueType& left, const ValueType& right);
ValueType QuotientType(const ValueType& left, const ValueType& right);
ValueType RemainderType(const ValueType& left, const ValueType& right);

}  // namespace spillway::expression
