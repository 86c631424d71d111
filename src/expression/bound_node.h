// The bound tree: typed nodes that evaluate themselves on a batch, column by column. A node is told
// its rows; conditional nodes give their branches fewer rows, so that a branch that Spark would not
// evaluate for a row cannot fail on it.
//
// Thread rule: immutable once bound; Evaluate may run in many threads at one time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expression/expression.h"
#include "expression/source_text.h"
#include "expression/value.h"
#include "expression/value_type.h"

namespace spillway::expression {

// The rows that a node evaluates: the columns and LET slots by the numbers that they have in the
// tree, and the context.
struct Rows {
  std::vector<Value> columns;
  int64_t count = 0;
  const EvaluationContext* context = nullptr;
  std::string_view text;  // the expression's, for errors

  arrow::MemoryPool* pool() const { return context->pool; }
};

struct BoundNode;
using NodePointer = std::unique_ptr<BoundNode>;

struct BoundNode {
  // When a child is evaluated, given that its parent is: constant folding may report the failure of
  // a child that always is, and leaves the others alone.
  enum class Laziness : uint8_t { kNone, kAfterFirst };

  virtual ~BoundNode() = default;

  // Evaluates for rows.count rows (at least one). The result is a column of that many rows, or a
  // single value.
  virtual Result<Value> Evaluate(const Rows& rows) const = 0;

  ValueType type;
  Span span;
  bool nullable = true;
  bool foldable = true;   // the same value always
  bool literal = false;   // a number written in the text, of which coercion knows the digits
  bool can_fail = false;  // on some row, here or below
  Laziness laziness = Laziness::kNone;
  TimeDependence time_dependence = TimeDependence::kNever;  // its own, without the children's
  std::vector<NodePointer> children;

  // Takes over `child` and what it says about failing and folding.
  void Adopt(NodePointer child);
};

// The columns that `node` reads, ascending: all, and those read for other than their validity.
void CollectColumns(const BoundNode& node, std::vector<int>* all, std::vector<int>* values);

// The strongest time dependence in the tree.
TimeDependence TimeDependenceOf(const BoundNode& node);

}  // namespace spillway::expression
