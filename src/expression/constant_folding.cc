#include "expression/constant_folding.h"

#include <utility>

#include "expression/kernel.h"
#include "expression/leaf_nodes.h"

namespace spillway::expression {
namespace {

class Folder {
 public:
  Folder(std::string_view text, arrow::MemoryPool* pool)
      : context_{.pool = pool, .now_micros = kUnknownMoment},
        one_row_{.count = 1, .context = &context_, .text = text} {}

  Result<NodePointer> Fold(NodePointer node, bool conditional) {
    if (dynamic_cast<const ConstantNode*>(node.get()) != nullptr) return node;
    if (node->foldable) {
      Result<Value> value = node->Evaluate(one_row_);
      if (value.ok()) {
        value->single = true;
        const bool literal = node->literal;
        NodePointer constant =
            std::make_unique<ConstantNode>(node->type, *std::move(value), node->span);
        constant->literal = literal;
        return constant;
      }
      if (!conditional && !value.status().IsCancelled()) return value.status();
      return node;
    }
    for (size_t i = 0; i < node->children.size(); ++i) {
      const bool lazy = node->laziness == BoundNode::Laziness::kAfterFirst && i > 0;
      ARROW_ASSIGN_OR_RAISE(node->children[i],
                            Fold(std::move(node->children[i]), conditional || lazy));
    }
    return node;
  }

 private:
  EvaluationContext context_;
  Rows one_row_;
};

}  // namespace

Result<NodePointer> FoldConstants(NodePointer node, std::string_view text,
                                  arrow::MemoryPool* pool) {
  return Folder(text, pool).Fold(std::move(node), false);
}

}  // namespace spillway::expression
