// A child that cannot fail is evaluated for all rows: computing too much is cheaper than gathering
// the rows that need it. One that can fail sees only the rows for which Spark would evaluate it.
#include "expression/conditional_nodes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/row_bytes.h"
#include "expression/branch_merge.h"
#include "expression/functions/kernels.h"
#include "expression/kernel.h"
#include "expression/map.h"
#include "expression/selected_evaluation.h"

namespace spillway::expression {
namespace {

// The branches of eight rows, in one register.
using EightBranches [[gnu::vector_size(8 * sizeof(BranchNumber))]] = BranchNumber;

// Eight bits as eight masks of a branch number's width.
EightBranches MasksOf(uint8_t bits) {
  constexpr EightBranches kBitOfRow = {1, 2, 4, 8, 16, 32, 64, 128};
  const EightBranches all = EightBranches{} + BranchNumber{bits};
  return reinterpret_cast<EightBranches>((all & kBitOfRow) == kBitOfRow);
}

// A bit for each row that has no branch yet.
using OpenBits = std::vector<uint8_t>;

// Marks with `branch` the open rows where `condition` is true. Returns how many rows it marked.
// Without a jump, and eight rows at a time: conditions on data are hard to foresee.
int64_t Choose(const Value& condition, BranchNumber branch, OpenBits* open,
               std::vector<BranchNumber>* choices) {
  const Validity validity(condition);
  const BooleanReader truth(condition);
  const auto rows = static_cast<int64_t>(choices->size());
  BranchNumber* choice = choices->data();
  int64_t marked = 0;
  int64_t row = 0;
  for (uint8_t* bits = open->data(); !condition.single && row + 8 <= rows;
       row += 8, choice += 8, ++bits) {
    const auto takes = static_cast<uint8_t>(truth.Eight(row) & validity.EightValid(row) & *bits);
    const EightBranches masks = MasksOf(takes);
    const auto chosen = Load<EightBranches>(choice);
    Store(choice, (chosen & ~masks) | (masks & branch));
    *bits = static_cast<uint8_t>(*bits & ~takes);
    marked += std::popcount(takes);
  }
  for (; row < rows; ++row, ++choice) {
    uint8_t& bits = (*open)[static_cast<size_t>(row / 8)];
    const auto bit = static_cast<uint8_t>(1U << (row % 8));
    if ((bits & bit) == 0 || !truth[row] || validity.IsNull(row)) continue;
    *choice = branch;
    bits = static_cast<uint8_t>(bits & ~bit);
    ++marked;
  }
  return marked;
}

// The same for a condition that was evaluated for the rows `selected` only.
int64_t ChooseNarrow(const Value& condition, const Selection& selected, BranchNumber branch,
                     OpenBits* open, std::vector<BranchNumber>* choices) {
  const Validity validity(condition);
  const BooleanReader truth(condition);
  int64_t marked = 0;
  for (size_t i = 0; i < selected.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (!truth[at] || validity.IsNull(at)) continue;
    (*choices)[static_cast<size_t>(selected[i])] = branch;
    arrow::bit_util::ClearBit(open->data(), selected[i]);
    ++marked;
  }
  return marked;
}

Selection OpenRows(const std::vector<BranchNumber>& choices) {
  return SelectRows(static_cast<int64_t>(choices.size()), [&choices](int64_t row) {
    return choices[static_cast<size_t>(row)] == kNoBranch;
  });
}

// Evaluates `node` for the rows that take `branch`, or for all where it cannot fail.
Result<Branch> EvaluateBranch(const BoundNode& node, const Rows& rows, BranchNumber branch,
                              const std::vector<BranchNumber>& choices) {
  Selection selected;
  if (node.can_fail) {
    selected = SelectRows(static_cast<int64_t>(choices.size()),
                          [&](int64_t row) { return choices[static_cast<size_t>(row)] == branch; });
  }
  const bool narrow = !selected.empty() && static_cast<int64_t>(selected.size()) < rows.count;
  if (!narrow) {
    ARROW_ASSIGN_OR_RAISE(Value value, EvaluateAt(node, rows, selected));
    return Branch{.value = std::move(value)};
  }
  ARROW_ASSIGN_OR_RAISE(const Rows narrowed, Narrow(rows, node, selected));
  ARROW_ASSIGN_OR_RAISE(Value value, node.Evaluate(narrowed));
  return Branch{.value = std::move(value), .narrow = true};
}

// The rows of a condition's result: `choices` gets `branch` where it is true.
struct Conditions {
  const Rows& rows;
  std::vector<BranchNumber> choices;  // empty until the first row chose
  OpenBits open_bits;                 // as the choices
  int64_t open;                       // rows

  // Evaluates `condition` where no branch is chosen yet. Sets `all` if it is true for all rows.
  Status Try(const BoundNode& condition, BranchNumber branch, bool* all);
};

bool IsTrue(const Value& condition) {
  return Validity(condition).IsValid(0) && BooleanReader(condition)[0];
}

// The rows for which a further member of IN matters.
Selection Unmatched(const Value& needle, const Value& found, int64_t rows) {
  const Validity needle_validity(needle);
  if (found.data == nullptr) {
    return SelectRows(rows, [&](int64_t row) { return needle_validity.IsValid(row); });
  }
  const Validity found_validity(found);
  const BooleanReader matched(found);
  return SelectRows(rows, [&](int64_t row) {
    return needle_validity.IsValid(row) && !(matched[row] && found_validity.IsValid(row));
  });
}

Status Conditions::Try(const BoundNode& condition, BranchNumber branch, bool* all) {
  const bool narrow = condition.can_fail && open < rows.count;
  const Selection selected = narrow ? OpenRows(choices) : Selection{};
  Result<Value> value = Value{};
  if (narrow) {
    ARROW_ASSIGN_OR_RAISE(const Rows narrowed, Narrow(rows, condition, selected));
    value = condition.Evaluate(narrowed);
  } else {
    value = condition.Evaluate(rows);
  }
  ARROW_RETURN_NOT_OK(value.status());
  if (value->single && open == rows.count) {
    *all = IsTrue(*value);
    return Status::OK();
  }
  if (choices.empty()) {
    choices.assign(static_cast<size_t>(rows.count), kNoBranch);
    open_bits.assign(static_cast<size_t>(rows.count / 8 + 1), 0xFF);
  }
  open -= narrow ? ChooseNarrow(*value, selected, branch, &open_bits, &choices)
                 : Choose(*value, branch, &open_bits, &choices);
  return Status::OK();
}

}  // namespace

CaseNode::CaseNode(ValueType result, std::vector<NodePointer> parts, Span place) {
  type = std::move(result);
  span = place;
  laziness = Laziness::kAfterFirst;
  nullable = parts.size() % 2 == 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_value = i % 2 == 1 || i + 1 == parts.size();
    if (is_value) nullable = nullable || parts[i]->nullable;
    Adopt(std::move(parts[i]));
  }
}

Result<CaseNode::Choices> CaseNode::Choose(const Rows& rows) const {
  const size_t pairs = children.size() / 2;
  const BranchNumber otherwise =
      children.size() % 2 == 1 ? static_cast<BranchNumber>(pairs) : kNoBranch;
  Conditions conditions{.rows = rows, .choices = {}, .open_bits = {}, .open = rows.count};
  for (size_t pair = 0; pair < pairs && conditions.open > 0; ++pair) {
    bool all = false;
    ARROW_RETURN_NOT_OK(conditions.Try(*children[2 * pair], static_cast<BranchNumber>(pair), &all));
    if (all) return Choices{.by_row = {}, .of_all = static_cast<BranchNumber>(pair)};
  }
  if (conditions.open == rows.count) return Choices{.by_row = {}, .of_all = otherwise};
  std::vector<BranchNumber>& choices = conditions.choices;
  if (otherwise != kNoBranch && conditions.open > 0) {
    std::replace(choices.begin(), choices.end(), kNoBranch, otherwise);
  }
  return Choices{.by_row = std::move(choices)};
}

Result<std::vector<BranchNumber>> CaseNode::ChooseBranches(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(Choices choices, Choose(rows));
  if (choices.by_row.empty()) {
    choices.by_row.assign(static_cast<size_t>(rows.count), choices.of_all);
  }
  return std::move(choices.by_row);
}

Result<Value> CaseNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const Choices choices, Choose(rows));
  if (choices.by_row.empty()) {
    if (choices.of_all != kNoBranch) return ValueNode(choices.of_all).Evaluate(rows);
    ARROW_ASSIGN_OR_RAISE(Value nothing, MakeNulls(type, 1, rows.pool()));
    nothing.single = true;
    return nothing;
  }
  std::vector<Branch> branches;
  for (size_t i = 0; i < num_values(); ++i) {
    ARROW_ASSIGN_OR_RAISE(
        Branch branch,
        EvaluateBranch(ValueNode(i), rows, static_cast<BranchNumber>(i), choices.by_row));
    branches.push_back(std::move(branch));
  }
  return MergeBranches(type, choices.by_row, branches, rows.pool());
}

CoalesceNode::CoalesceNode(ValueType result, std::vector<NodePointer> parts, Span place) {
  type = std::move(result);
  span = place;
  laziness = Laziness::kAfterFirst;
  nullable = std::all_of(parts.begin(), parts.end(),
                         [](const NodePointer& part) { return part->nullable; });
  for (NodePointer& part : parts) Adopt(std::move(part));
}

Result<Value> CoalesceNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(Value first, children[0]->Evaluate(rows));
  const Validity first_validity(first);
  if (!first_validity.may_be_null()) return first;

  std::vector<BranchNumber> choices(static_cast<size_t>(rows.count), kNoBranch);
  for (int64_t row = 0; row < rows.count; ++row) {
    if (first_validity.IsValid(row)) choices[static_cast<size_t>(row)] = 0;
  }
  std::vector<Branch> branches = {{.value = std::move(first)}};
  for (size_t i = 1; i < children.size(); ++i) {
    const Selection open = OpenRows(choices);
    if (open.empty()) break;
    ARROW_ASSIGN_OR_RAISE(Value value, EvaluateAt(*children[i], rows, open));
    if (value.single && static_cast<int64_t>(open.size()) == rows.count &&
        Validity(value).IsValid(0)) {
      return value;
    }
    const Validity validity(value);
    for (const int64_t row : open) {
      if (validity.IsNull(row)) continue;
      choices[static_cast<size_t>(row)] = static_cast<BranchNumber>(branches.size());
    }
    branches.push_back({.value = std::move(value)});
  }
  const bool single = std::all_of(branches.begin(), branches.end(),
                                  [](const Branch& branch) { return branch.value.single; });
  if (single) choices.resize(1);
  ARROW_ASSIGN_OR_RAISE(Value result, MergeBranches(type, choices, branches, rows.pool()));
  result.single = single;
  return result;
}

LogicNode::LogicNode(bool decisive, NodePointer left, NodePointer right, Span place)
    : decisive_(decisive) {
  type = {.kind = Kind::kBoolean};
  span = place;
  nullable = left->nullable || right->nullable;
  Adopt(std::move(left));
  Adopt(std::move(right));
}

Result<Value> LogicNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const Value left, children[0]->Evaluate(rows));
  const Validity left_validity(left);
  const BooleanReader left_truth(left);
  const auto decided = [&](int64_t row) {
    return left_validity.IsValid(row) && left_truth[row] == decisive_;
  };
  if (left.single && decided(0)) return left;

  Selection open;
  if (children[1]->can_fail) {
    open = SelectRows(rows.count, [&](int64_t row) { return !decided(row); });
    if (open.empty()) return left;
  }
  ARROW_ASSIGN_OR_RAISE(const Value right, EvaluateAt(*children[1], rows, open));
  const bool single = left.single && right.single;
  ARROW_ASSIGN_OR_RAISE(Value result,
                        Decide(left, right, decisive_, single ? 1 : rows.count, rows.pool()));
  result.single = single;
  return result;
}

InNode::InNode(std::vector<NodePointer> parts, Span place) {
  type = {.kind = Kind::kBoolean};
  span = place;
  nullable = false;
  for (NodePointer& part : parts) {
    nullable = nullable || part->nullable;
    Adopt(std::move(part));
  }
}

Result<Value> InNode::Evaluate(const Rows& rows) const {
  ARROW_ASSIGN_OR_RAISE(const Value needle, children[0]->Evaluate(rows));
  Value found;  // the OR of the comparisons so far
  for (size_t i = 1; i < children.size(); ++i) {
    const BoundNode& member = *children[i];
    Selection open;
    if (member.can_fail) open = Unmatched(needle, found, rows.count);
    ARROW_ASSIGN_OR_RAISE(const Value candidate, EvaluateAt(member, rows, open));
    ARROW_ASSIGN_OR_RAISE(Value equal, CompareWith(needle, candidate, rows));
    if (found.data == nullptr) {
      found = std::move(equal);
      continue;
    }
    const bool single = found.single && equal.single;
    ARROW_ASSIGN_OR_RAISE(found, Decide(found, equal, true, single ? 1 : rows.count, rows.pool()));
    found.single = single;
  }
  return found;
}

Result<Value> InNode::CompareWith(const Value& needle, const Value& candidate,
                                  const Rows& rows) const {
  const ValueType types[2] = {children[0]->type, children[0]->type};
  const Value operands[2] = {needle, candidate};
  const bool single = needle.single && candidate.single;
  ARROW_ASSIGN_OR_RAISE(Value equal, functions::Equal({.arguments = operands,
                                                       .types = types,
                                                       .rows = single ? 1 : rows.count,
                                                       .result = type,
                                                       .context = *rows.context}));
  equal.single = single;
  return equal;
}

}  // namespace spillway::expression
