// A column's smallest or largest value as the JSON that Delta's statistics have.
//
// Thread rule: free functions.
#pragma once

#include <optional>
#include <string>

#include <arrow/type_fwd.h>

namespace spillway::delta {

enum class Bound { kMinimum, kMaximum };

// JSON for `value`, a bound of its column: at most (minimum) or at least (maximum) `value`. None
// for a null, and where add_statistics.h says that there is no bound.
std::optional<std::string> BoundJson(const arrow::Scalar& value, Bound bound);

}  // namespace spillway::delta
