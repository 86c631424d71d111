// A CASE whose values are constants: which of the few each row takes, as a dictionary that is the
// same for every batch. A writer can take it as it is, without looking at a value for each row.
//
// Thread rule: immutable; threads may evaluate one at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "expression/bound_node.h"
#include "expression/conditional_nodes.h"

namespace spillway::expression {

class ConstantChoice {
 public:
  // None where `root` is no such CASE, or one of booleans or decimals. `root` outlives the result;
  // `pool` holds the dictionary.
  static Result<std::optional<ConstantChoice>> Find(const BoundNode& root, arrow::MemoryPool* pool);

  // A dictionary array of int32 indices and of the values.
  Result<std::shared_ptr<arrow::Array>> Evaluate(const Rows& rows) const;

 private:
  static constexpr int32_t kNull = -1;

  ConstantChoice(const CaseNode& node, std::shared_ptr<arrow::Array> values,
                 std::vector<int32_t> value_of_branch);

  const CaseNode* node_;
  std::shared_ptr<arrow::Array> values_;
  std::vector<int32_t> value_of_branch_;  // the place in values_, or kNull
};

}  // namespace spillway::expression
