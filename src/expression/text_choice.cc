#include "expression/text_choice.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include "expression/leaf_nodes.h"

namespace spillway::expression {

TextChoice::TextChoice(const CaseNode& node, std::shared_ptr<arrow::Array> texts,
                       std::vector<int32_t> text_of_branch)
    : node_(&node), texts_(std::move(texts)), text_of_branch_(std::move(text_of_branch)) {}

Result<std::optional<TextChoice>> TextChoice::Find(const BoundNode& root, arrow::MemoryPool* pool) {
  const auto* node = dynamic_cast<const CaseNode*>(&root);
  if (node == nullptr || node->type.kind != Kind::kString) return std::nullopt;
  std::vector<std::string_view> texts;
  std::vector<int32_t> text_of_branch;
  for (size_t branch = 0; branch < node->num_values(); ++branch) {
    const auto* constant = dynamic_cast<const ConstantNode*>(&node->ValueNode(branch));
    if (constant == nullptr) return std::nullopt;
    if (constant->is_null()) {
      text_of_branch.push_back(kNull);
      continue;
    }
    const std::string_view text = TextReader(constant->value())[0];
    const auto known = std::ranges::find(texts, text);
    text_of_branch.push_back(static_cast<int32_t>(known - texts.begin()));
    if (known == texts.end()) texts.push_back(text);
  }
  arrow::StringBuilder builder(pool);
  for (const std::string_view text : texts) ARROW_RETURN_NOT_OK(builder.Append(text));
  ARROW_ASSIGN_OR_RAISE(auto dictionary, builder.Finish());
  return TextChoice(*node, std::move(dictionary), std::move(text_of_branch));
}

Result<std::shared_ptr<arrow::Array>> TextChoice::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<BranchNumber> branches, node_->ChooseBranches(rows));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> indices,
      arrow::AllocateBuffer(rows.count * static_cast<int64_t>(sizeof(int32_t)), rows.pool()));
  auto* index = reinterpret_cast<int32_t*>(indices->mutable_data());
  int64_t nulls = 0;
  for (size_t row = 0; row < branches.size(); ++row) {
    const BranchNumber branch = branches[row];
    index[row] = branch == kNoBranch ? kNull : text_of_branch_[branch];
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
  return arrow::DictionaryArray::FromArrays(
      arrow::dictionary(arrow::int32(), arrow::utf8()),
      std::make_shared<arrow::Int32Array>(rows.count, std::move(indices), std::move(validity),
                                          nulls),
      texts_);
}

}  // namespace spillway::expression
