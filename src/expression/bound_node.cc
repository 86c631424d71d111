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

bool DependsOnTime(const BoundNode& node) {
  // A leaf that is neither a column nor the same value always can only be the time.
  const bool is_column = dynamic_cast<const ColumnNode*>(&node) != nullptr;
  if (node.children.empty()) return !node.foldable && !is_column;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const NodePointer& child) { return DependsOnTime(*child); });
}

}  // namespace spillway::expression
