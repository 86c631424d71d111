// What a condition can be in rows of which no more is known than bounds and NULLs, as statistics
// and partition values tell them: rows that cannot meet it need not be read.
//
// The answer errs to one side. What it rules out does not happen in any such row; what it leaves
// open need not happen.
//
// Thread rule: plain values and a free function.
#pragma once

#include <memory>
#include <span>

#include <arrow/type_fwd.h>

#include "expression/expression.h"

namespace spillway::expression {

// A column in these rows.
struct KnownColumn {
  // Its values, which are neither NULL nor outside of these; null where a bound is not known. Both
  // are of the column's type, and order as expressions order: NaN is above all numbers.
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
  bool may_be_null = true;
  bool may_be_value = true;  // anything else than NULL
};

struct PossibleResults {
  bool can_be_true = true;
  bool can_be_false = true;
  bool can_be_null = true;
  bool can_fail = true;  // where Evaluate fails with kEvaluation on a row
};

// `columns` are those of condition.columns(), in that order. What depends on the time is left open.
PossibleResults FindPossibleResults(const BoundExpression& condition,
                                    std::span<const KnownColumn> columns,
                                    arrow::MemoryPool* pool = arrow::default_memory_pool());

}  // namespace spillway::expression
