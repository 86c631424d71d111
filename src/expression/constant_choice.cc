#include "expression/constant_choice.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "expression/leaf_nodes.h"

namespace spillway::expression {

ConstantChoice::ConstantChoice(const CaseNode& node, std::shared_ptr<arrow::Array> values,
                               std::vector<int32_t> value_of_branch)
    : node_(&node), values_(std::move(values)), value_of_branch_(std::move(value_of_branch)) {}

Result<std::optional<ConstantChoice>> ConstantChoice::Find(const BoundNode& root,
                                                           arrow::MemoryPool* pool) {
  const auto* node = dynamic_cast<const CaseNode*>(&root);
  if (node == nullptr || node->type.kind == Kind::kBoolean || node->type.kind == Kind::kDecimal) {
    return std::nullopt;
  }
  arrow::ArrayVector values;
  std::vector<int32_t> value_of_branch;
  for (size_t branch = 0; branch < node->num_values(); ++branch) {
    const auto* constant = dynamic_cast<const ConstantNode*>(&node->ValueNode(branch));
    if (constant == nullptr) return std::nullopt;
    value_of_branch.push_back(constant->is_null() ? kNull : static_cast<int32_t>(values.size()));
    if (!constant->is_null()) values.push_back(arrow::MakeArray(constant->value().data));
  }
  if (values.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto dictionary, arrow::Concatenate(values, pool));
  return ConstantChoice(*node, std::move(dictionary), std::move(value_of_branch));
}

Result<std::shared_ptr<arrow::Array>> ConstantChoice::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<BranchNumber> branches, node_->ChooseBranches(rows));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> indices,
      arrow::AllocateBuffer(rows.count * static_cast<int64_t>(sizeof(int32_t)), rows.pool()));
  auto* index = reinterpret_cast<int32_t*>(indices->mutable_data());
  int64_t nulls = 0;
  for (size_t row = 0; row < branches.size(); ++row) {
    const BranchNumber branch = branches[row];
    index[row] = branch == kNoBranch ? kNull : value_of_branch_[branch];
    nulls += static_cast<int64_t>(index[row] == kNull);
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(rows.count, rows.pool()));
    for (int64_t row = 0; row < rows.count; ++row) {
      if (index[row] == kNull) {
        index[row] = 0;
      } else {
        arrow::bit_util::SetBit(validity->mutable_data(), row);
      }
    }
  }
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int32(), values_->type()),
      std::make_shared<arrow::Int32Array>(rows.count, std::move(indices), std::move(validity),
                                          nulls),
      values_);
}

}  // namespace spillway::expression
