#include "expression/bound_node.h"

#include <algorithm>
#include <utility>

#include "expression/leaf_nodes.h"

namespace spillway::expression {
namespace {

void SortUnique(std::vector<int>* numbers) {
  std::sort(numbers->begin(), numbers->end());
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

void Collect(const BoundNode& node, std::vector<int>* all, std::vector<int>* values) {
  if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
    all->push_back(column->index());
    if (!column->null_test_only()) values->push_back(column->index());
  }
  for (const NodePointer& child : node.children) Collect(*child, all, values);
}

}  // namespace

void BoundNode::Adopt(NodePointer child) {
  can_fail = can_fail || child->can_fail;
  foldable = foldable && child->foldable;
  children.push_back(std::move(child));
}

void CollectColumns(const BoundNode& node, std::vector<int>* all, std::vector<int>* values) {
  Collect(node, all, values);
  SortUnique(all);
  SortUnique(values);
}

TimeDependence TimeDependenceOf(const BoundNode& node) {
  TimeDependence strongest = node.time_dependence;
  for (const NodePointer& child : node.children) {
    strongest = std::max(strongest, TimeDependenceOf(*child));
  }
  return strongest;
}

}  // namespace spillway::expression
