// The result of a conditional expression whose branches are all constants, as most are: a look-up
// by branch number for every row.
//
// Thread rule: one thread.
#pragma once

#include <vector>

#include "expression/branch_merge.h"

namespace spillway::expression {

// True if MergeConstants does it: every branch a single value of a flat type.
bool AreConstants(const ValueType& type, const std::vector<Branch>& branches);

// As MergeBranches.
Result<Value> MergeConstants(const ValueType& type, const std::vector<BranchNumber>& choices,
                             const std::vector<Branch>& branches, arrow::MemoryPool* pool);

}  // namespace spillway::expression
