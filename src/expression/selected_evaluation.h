// Evaluating a node for some of the rows, as Spark's lazy evaluation asks.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <vector>

#include "expression/bound_node.h"

namespace spillway::expression {

// Numbers of rows, ascending.
using Selection = std::vector<int64_t>;

// The numbers below `count` of which keep(number) is true.
template <typename Keep>
Selection SelectRows(int64_t count, Keep keep) {
  Selection selected;
  for (int64_t row = 0; row < count; ++row) {
    if (keep(row)) selected.push_back(row);
  }
  return selected;
}

// The value of `node` at the rows `selected`; at the others NULL, or anything if the node cannot
// fail. The result is single or has rows.count rows.
Result<Value> EvaluateAt(const BoundNode& node, const Rows& rows, const Selection& selected);

// The rows with numbers `selected`, with only those columns that `node` reads.
Result<Rows> Narrow(const Rows& rows, const BoundNode& node, const Selection& selected);

}  // namespace spillway::expression
