// From a Kind to the C type of its values.
//
// Thread rule: free functions.
#pragma once

#include <utility>

#include <arrow/util/decimal.h>

#include "base/status.h"
#include "expression/value_type.h"

namespace spillway::expression::functions {

// Calls visit.template operator()<T>() for a number that is not a decimal.
template <typename Visit>
auto VisitNumber(Kind kind, Visit&& visit) {
  switch (kind) {
    case Kind::kByte:
      return visit.template operator()<int8_t>();
    case Kind::kShort:
      return visit.template operator()<int16_t>();
    case Kind::kInt:
      return visit.template operator()<int32_t>();
    case Kind::kLong:
      return visit.template operator()<int64_t>();
    case Kind::kFloat:
      return visit.template operator()<float>();
    default:
      return visit.template operator()<double>();
  }
}

// The same for the integral kinds.
template <typename Visit>
auto VisitIntegral(Kind kind, Visit&& visit) {
  switch (kind) {
    case Kind::kByte:
      return visit.template operator()<int8_t>();
    case Kind::kShort:
      return visit.template operator()<int16_t>();
    case Kind::kInt:
      return visit.template operator()<int32_t>();
    default:
      return visit.template operator()<int64_t>();
  }
}

}  // namespace spillway::expression::functions
