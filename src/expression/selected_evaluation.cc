#include "expression/selected_evaluation.h"

#include <utility>

#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>

#include "expression/branch_merge.h"

namespace spillway::expression {

Result<Value> EvaluateAt(const BoundNode& node, const Rows& rows, const Selection& selected) {
  if (!node.can_fail || static_cast<int64_t>(selected.size()) == rows.count) {
    return node.Evaluate(rows);
  }
  if (selected.empty()) {
    ARROW_ASSIGN_OR_RAISE(Value nothing, MakeNulls(node.type, 1, rows.pool()));
    nothing.single = true;
    return nothing;
  }
  ARROW_ASSIGN_OR_RAISE(const Rows narrowed, Narrow(rows, node, selected));
  ARROW_ASSIGN_OR_RAISE(Value value, node.Evaluate(narrowed));
  if (value.single) return value;
  std::vector<BranchNumber> places(static_cast<size_t>(rows.count), kNoBranch);
  for (const int64_t row : selected) places[static_cast<size_t>(row)] = 0;
  return MergeBranches(node.type, places, {{.value = std::move(value), .narrow = true}},
                       rows.pool());
}

Result<Rows> Narrow(const Rows& rows, const BoundNode& node, const Selection& selected) {
  Rows narrowed{.columns = std::vector<Value>(rows.columns.size()),
                .count = static_cast<int64_t>(selected.size()),
                .context = rows.context,
                .text = rows.text};
  const auto index_data = arrow::ArrayData::Make(arrow::int64(), narrowed.count,
                                                 {nullptr, arrow::Buffer::Wrap(selected)}, 0);
  std::vector<int> used;
  std::vector<int> values;
  CollectColumns(node, &used, &values);
  arrow::compute::ExecContext context(rows.pool(), nullptr);
  context.set_use_threads(false);
  for (const int index : used) {
    // A slot of a LET inside `node` is not there yet.
    if (static_cast<size_t>(index) >= rows.columns.size()) continue;
    const Value& column = rows.columns[static_cast<size_t>(index)];
    Value& target = narrowed.columns[static_cast<size_t>(index)];
    if (column.single || column.data == nullptr) {
      target = column;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum taken,
        arrow::compute::Take(arrow::Datum(column.data), arrow::Datum(index_data),
                             arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    target = Value{taken.array()};
  }
  return narrowed;
}

}  // namespace spillway::expression
