// The nodes that do not evaluate every child for every row: CASE, coalesce, AND, OR, IN.
//
// Thread rule: as BoundNode.
#pragma once

#include <vector>

#include "expression/bound_node.h"
#include "expression/branch_merge.h"

namespace spillway::expression {

// CASE: children are condition, value pairs, and ELSE's value if their count is odd. A condition is
// evaluated where those before it are not true, a value where its condition is the first true one.
class CaseNode : public BoundNode {
 public:
  CaseNode(ValueType result, std::vector<NodePointer> parts, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;

  // The number of the value that each row takes, ELSE's behind the others; kNoBranch where there is
  // none, which makes NULL.
  Result<std::vector<BranchNumber>> ChooseBranches(const Rows& rows) const;

  size_t num_values() const { return children.size() / 2 + children.size() % 2; }
  const BoundNode& ValueNode(size_t branch) const {
    return 2 * branch + 1 < children.size() ? *children[2 * branch + 1] : *children.back();
  }

 private:
  // The same; where all rows take one value, its number comes alone.
  struct Choices {
    std::vector<BranchNumber> by_row;
    BranchNumber of_all = kNoBranch;  // where by_row is empty
  };
  Result<Choices> Choose(const Rows& rows) const;
};

// The first child that is not null; a child is evaluated where all before it are null.
class CoalesceNode : public BoundNode {
 public:
  CoalesceNode(ValueType result, std::vector<NodePointer> parts, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;
};

// AND, OR with three values. The right side is evaluated where the left one does not decide.
class LogicNode : public BoundNode {
 public:
  // `decisive` is what decides alone: false for AND, true for OR.
  LogicNode(bool decisive, NodePointer left, NodePointer right, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;
  bool decisive() const { return decisive_; }

 private:
  bool decisive_;
};

// children[0] IN the others, all of one type. A member is evaluated where children[0] is not null
// and equals none before.
class InNode : public BoundNode {
 public:
  InNode(std::vector<NodePointer> parts, Span place);
  Result<Value> Evaluate(const Rows& rows) const override;

 private:
  Result<Value> CompareWith(const Value& needle, const Value& candidate, const Rows& rows) const;
};

}  // namespace spillway::expression
