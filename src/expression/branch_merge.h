// Puts together the result of a conditional expression: which branch each row takes, and the
// branches' values.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "expression/value.h"

namespace spillway::expression {

using BranchNumber = uint16_t;

// No branch: the row is null.
inline constexpr BranchNumber kNoBranch = 0xFFFF;

struct Branch {
  Value value;
  // True if `value` has only the rows that take this branch, in their order; else it has all rows.
  bool narrow = false;
};

// The column whose row i is that of branches[choices[i]]. All values are of `type`.
Result<Value> MergeBranches(const ValueType& type, const std::vector<BranchNumber>& choices,
                            const std::vector<Branch>& branches, arrow::MemoryPool* pool);

}  // namespace spillway::expression
