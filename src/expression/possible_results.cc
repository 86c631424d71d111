// Walks the bound tree. A node of which all columns have one value is evaluated; a comparison looks
// at the bounds of its two sides; AND, OR, NOT combine what their parts can be. Any other node can
// be anything.
#include "expression/possible_results.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/compare.h>
#include <arrow/scalar.h>

#include "expression/conditional_nodes.h"
#include "expression/functions/casts.h"
#include "expression/functions/kernels.h"
#include "expression/kernel.h"
#include "expression/leaf_nodes.h"

namespace spillway::expression {
namespace {

namespace f = functions;

// What a node's values can be.
struct Range {
  std::optional<Value> minimum;  // or less; none: not known
  std::optional<Value> maximum;  // or more
  bool may_be_null = true;
  bool may_be_value = true;
  bool can_fail = false;
  bool is_one = false;  // all rows have the same: `minimum`, which may be NULL
};

bool IsOne(const KnownColumn& column) {
  if (!column.may_be_value) return true;
  if (column.may_be_null || column.minimum == nullptr || column.maximum == nullptr) return false;
  const auto exactly = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  return column.minimum->Equals(*column.maximum, exactly);
}

std::optional<Value> MakeValue(const std::shared_ptr<arrow::Scalar>& scalar,
                               arrow::MemoryPool* pool) {
  if (scalar == nullptr) return std::nullopt;
  const auto array = arrow::MakeArrayFromScalar(*scalar, 1, pool);
  if (!array.ok()) return std::nullopt;
  Result<std::shared_ptr<arrow::ArrayData>> plain = ToPlain((*array)->data(), pool);
  if (!plain.ok()) return std::nullopt;
  return Value{*std::move(plain), /*single=*/true};
}

Range MakeRange(const KnownColumn& column, const ValueType& type, arrow::MemoryPool* pool) {
  Range range{.may_be_null = column.may_be_null, .may_be_value = column.may_be_value};
  if (column.may_be_value) {
    range.minimum = MakeValue(column.minimum, pool);
    range.maximum = MakeValue(column.maximum, pool);
  } else if (Result<Value> null = MakeNulls(type, 1, pool); null.ok()) {
    null->single = true;
    range.minimum = *std::move(null);
  }
  range.is_one = IsOne(column) && range.minimum;
  return range;
}

// The types of the columns that are read, slots of LETs among them.
void CollectTypes(const BoundNode& node, std::map<int, ValueType>* types) {
  if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
    (*types)[column->index()] = column->type;
  }
  for (const NodePointer& child : node.children) CollectTypes(*child, types);
}

// Kinds between which casts keep the order of values.
bool IsOrderedLikeNumber(Kind kind) { return IsNumeric(kind) || IsDatetime(kind); }

PossibleResults Negate(PossibleResults results) {
  std::swap(results.can_be_true, results.can_be_false);
  return results;
}

// The right side is evaluated where the left one is not false.
PossibleResults And(const PossibleResults& left, const PossibleResults& right) {
  const bool goes_on = left.can_be_true || left.can_be_null;
  return {.can_be_true = left.can_be_true && right.can_be_true,
          .can_be_false = left.can_be_false || (goes_on && right.can_be_false),
          .can_be_null = (left.can_be_null && (right.can_be_true || right.can_be_null)) ||
                         (left.can_be_true && right.can_be_null),
          .can_fail = left.can_fail || (goes_on && right.can_fail)};
}

class ResultFinder {
 public:
  ResultFinder(std::map<int, Range> columns, std::string_view text, arrow::MemoryPool* pool)
      : columns_(std::move(columns)),
        text_(text),
        context_{.pool = pool, .now_micros = kUnknownMoment} {}

  PossibleResults ResultsOf(const BoundNode& node) {
    if (IsOne(node)) return ResultsOfOne(node);
    if (const auto* let = dynamic_cast<const LetNode*>(&node)) {
      FillSlot(*let);
      return ResultsOf(*let->children[1]);
    }
    if (const auto* logic = dynamic_cast<const LogicNode*>(&node)) {
      const PossibleResults left = ResultsOf(*node.children[0]);
      const PossibleResults right = ResultsOf(*node.children[1]);
      // a OR b is NOT (NOT a AND NOT b).
      return logic->decisive() ? Negate(And(Negate(left), Negate(right))) : And(left, right);
    }
    if (dynamic_cast<const InNode*>(&node) != nullptr) return ResultsOfIn(node);
    if (dynamic_cast<const ColumnNode*>(&node) != nullptr) {
      const Range range = RangeOf(node);
      return {.can_be_true = range.may_be_value,
              .can_be_false = range.may_be_value,
              .can_be_null = range.may_be_null,
              .can_fail = range.can_fail};
    }
    if (const auto* call = dynamic_cast<const CallNode*>(&node)) return ResultsOfCall(*call);
    return Open(node);
  }

 private:
  // Nothing is known of the node's values.
  static PossibleResults Open(const BoundNode& node) {
    return {.can_be_null = node.nullable, .can_fail = node.can_fail};
  }

  static bool IsTruth(const BoundNode& node) { return node.type.kind == Kind::kBoolean; }

  // Whether the node gives all rows the same, at all times. Casts that take a text for one of today
  // fail at the unknown moment.
  bool IsOne(const BoundNode& node) const {
    if (node.time_dependence == TimeDependence::kAlways) return false;
    if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
      const auto known = columns_.find(column->index());
      return known != columns_.end() && known->second.is_one;
    }
    if (const auto* let = dynamic_cast<const LetNode*>(&node)) {
      // Its slot is not known yet: the body has it where this is one.
      return IsOne(*let->children[0]) && OnlyReadsKnown(*let->children[1], let->slot());
    }
    return std::ranges::all_of(node.children,
                               [this](const NodePointer& child) { return IsOne(*child); });
  }

  bool OnlyReadsKnown(const BoundNode& node, int slot) const {
    if (node.time_dependence == TimeDependence::kAlways) return false;
    if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
      return column->index() == slot || IsOne(node);
    }
    return std::ranges::all_of(node.children, [this, slot](const NodePointer& child) {
      return OnlyReadsKnown(*child, slot);
    });
  }

  // Of a node that gives all rows the same: none where it fails, or depends on the time.
  std::optional<Value> Evaluate(const BoundNode& node) const {
    Rows rows{.count = 1, .context = &context_, .text = text_};
    for (const auto& [index, range] : columns_) {
      const auto place = static_cast<size_t>(index);
      if (rows.columns.size() <= place) rows.columns.resize(place + 1);
      if (range.is_one) rows.columns[place] = *range.minimum;
    }
    Result<Value> value = node.Evaluate(rows);
    if (!value.ok()) return std::nullopt;
    value->single = true;
    return *std::move(value);
  }

  PossibleResults ResultsOfOne(const BoundNode& node) const {
    const std::optional<Value> value = Evaluate(node);
    if (!value) return {};
    const bool is_null = Validity(*value).IsNull(0);
    const bool is_true = !is_null && BooleanReader(*value)[0];
    return {.can_be_true = is_true,
            .can_be_false = !is_null && !is_true,
            .can_be_null = is_null,
            .can_fail = false};
  }

  void FillSlot(const LetNode& let) { columns_[let.slot()] = RangeOf(*let.children[0]); }

  PossibleResults ResultsOfCall(const CallNode& call) {
    const Kernel kernel = call.kernel();
    if (kernel == f::Not) return Negate(ResultsOf(*call.children[0]));
    if (kernel == f::IsNull) return NullTest(call);
    if (kernel == f::IsNotNull) return Negate(NullTest(call));
    if (kernel == f::IsTrue || kernel == f::IsFalse) return TruthTest(call, kernel == f::IsTrue);
    if (kernel == f::Like) return ResultsOfLike(call);
    if (call.children.size() != 2) return Open(call);
    const Range left = RangeOf(*call.children[0]);
    const Range right = RangeOf(*call.children[1]);
    const ValueType& type = call.children[0]->type;
    if (kernel == f::Less) return Less(type, left, right);
    if (kernel == f::Greater) return Less(type, right, left);
    if (kernel == f::LessOrEqual) return Negate(Less(type, right, left));
    if (kernel == f::GreaterOrEqual) return Negate(Less(type, left, right));
    if (kernel == f::Equal) return Equal(type, left, right);
    if (kernel == f::NotEqual) return Negate(Equal(type, left, right));
    if (kernel == f::NullSafeEqual) return NullSafeEqual(type, left, right);
    return Open(call);
  }

  PossibleResults NullTest(const CallNode& call) {
    const Range range = RangeOf(*call.children[0]);
    return {.can_be_true = range.may_be_null,
            .can_be_false = range.may_be_value,
            .can_be_null = false,
            .can_fail = range.can_fail};
  }

  PossibleResults TruthTest(const CallNode& call, bool wanted) {
    const PossibleResults truth = ResultsOf(*call.children[0]);
    const bool met = wanted ? truth.can_be_true : truth.can_be_false;
    const bool other = wanted ? truth.can_be_false : truth.can_be_true;
    return {.can_be_true = met,
            .can_be_false = other || truth.can_be_null,
            .can_be_null = false,
            .can_fail = truth.can_fail};
  }

  // Whether left < right, or left <= right, can be.
  bool CanBe(Kernel kernel, const ValueType& type, const Range& left, const Range& right) const {
    if (!left.may_be_value || !right.may_be_value) return false;
    if (!left.minimum || !right.maximum) return true;
    const Value arguments[2] = {*left.minimum, *right.maximum};
    const ValueType types[2] = {type, type};
    const ValueType truth{.kind = Kind::kBoolean};
    const Result<Value> result = kernel(
        {.arguments = arguments, .types = types, .rows = 1, .result = truth, .context = context_});
    if (!result.ok() || Validity(*result).IsNull(0)) return true;
    return BooleanReader(*result)[0];
  }
  bool CanBeLess(const ValueType& type, const Range& left, const Range& right) const {
    return CanBe(f::Less, type, left, right);
  }
  bool CanBeLessOrEqual(const ValueType& type, const Range& left, const Range& right) const {
    return CanBe(f::LessOrEqual, type, left, right);
  }

  PossibleResults Less(const ValueType& type, const Range& left, const Range& right) const {
    return {.can_be_true = CanBeLess(type, left, right),
            .can_be_false = CanBeLessOrEqual(type, right, left),
            .can_be_null = left.may_be_null || right.may_be_null,
            .can_fail = left.can_fail || right.can_fail};
  }

  PossibleResults Equal(const ValueType& type, const Range& left, const Range& right) const {
    return {
        .can_be_true = CanBeLessOrEqual(type, left, right) && CanBeLessOrEqual(type, right, left),
        .can_be_false = CanBeLess(type, left, right) || CanBeLess(type, right, left),
        .can_be_null = left.may_be_null || right.may_be_null,
        .can_fail = left.can_fail || right.can_fail};
  }

  PossibleResults NullSafeEqual(const ValueType& type, const Range& left,
                                const Range& right) const {
    PossibleResults results = Equal(type, left, right);
    results.can_be_true |= left.may_be_null && right.may_be_null;
    results.can_be_false |=
        (left.may_be_null && right.may_be_value) || (left.may_be_value && right.may_be_null);
    results.can_be_null = false;
    return results;
  }

  PossibleResults ResultsOfIn(const BoundNode& node) {
    const Range needle = RangeOf(*node.children[0]);
    PossibleResults results{.can_be_true = false,
                            .can_be_false = needle.may_be_value,
                            .can_be_null = needle.may_be_null,
                            .can_fail = needle.can_fail};
    for (size_t i = 1; i < node.children.size(); ++i) {
      const PossibleResults member =
          Equal(node.children[0]->type, needle, RangeOf(*node.children[i]));
      results.can_be_true |= member.can_be_true;
      results.can_be_null |= member.can_be_null;
      results.can_fail |= member.can_fail;
    }
    return results;
  }

  // Of a pattern that begins with a text: what it matches begins with it too.
  PossibleResults ResultsOfLike(const CallNode& call) {
    const BoundNode& pattern = *call.children[1];
    const Range range = RangeOf(*call.children[0]);
    PossibleResults results = Open(call);
    if (call.children.size() != 2 || !IsOne(pattern) || call.can_fail) return results;
    const std::optional<Value> value = Evaluate(pattern);
    if (!value || Validity(*value).IsNull(0)) return results;
    const std::string_view text = TextReader(*value)[0];
    const std::string_view begin = text.substr(0, text.find_first_of("%_\\"));
    const bool is_below = range.maximum && TextReader(*range.maximum)[0] < begin;
    const bool is_above =
        range.minimum && TextReader(*range.minimum)[0].substr(0, begin.size()) > begin;
    results.can_be_true = range.may_be_value && !is_below && !is_above;
    results.can_be_false = range.may_be_value;
    results.can_be_null = range.may_be_null;
    return results;
  }

  Range RangeOf(const BoundNode& node) {
    if (const auto* column = dynamic_cast<const ColumnNode*>(&node)) {
      const auto known = columns_.find(column->index());
      return known == columns_.end() ? Range{} : known->second;
    }
    if (IsOne(node)) return RangeOfOne(node);
    if (const auto* let = dynamic_cast<const LetNode*>(&node)) {
      FillSlot(*let);
      return RangeOf(*let->children[1]);
    }
    const auto* call = dynamic_cast<const CallNode*>(&node);
    if (call != nullptr && IsOrderedCast(*call)) return RangeOfCast(*call);
    if (!IsTruth(node)) return {.may_be_null = node.nullable, .can_fail = node.can_fail};
    const PossibleResults results = ResultsOf(node);
    return {.may_be_null = results.can_be_null,
            .may_be_value = results.can_be_true || results.can_be_false,
            .can_fail = results.can_fail};
  }

  Range RangeOfOne(const BoundNode& node) const {
    std::optional<Value> value = Evaluate(node);
    if (!value) return {.can_fail = true};
    const bool is_null = Validity(*value).IsNull(0);
    Range range{.may_be_null = is_null, .may_be_value = !is_null, .is_one = true};
    range.minimum = value;
    range.maximum = std::move(value);
    return range;
  }

  static bool IsOrderedCast(const CallNode& call) {
    if (call.children.size() != 1 || call.tolerant()) return false;
    const ValueType& from = call.children[0]->type;
    if (!IsOrderedLikeNumber(from.kind) || !IsOrderedLikeNumber(call.type.kind)) return false;
    const f::CastKernel cast = f::FindCast(from, call.type);
    return cast.kernel == call.kernel() && !cast.makes_nulls;
  }

  // A bound that cannot be cast is not known, and then a value may fail too.
  Range RangeOfCast(const CallNode& call) {
    Range range = RangeOf(*call.children[0]);
    const auto cast = [&](std::optional<Value>* bound) {
      if (!*bound) return;
      const KernelInput input{.arguments = {&**bound, 1},
                              .types = {&call.children[0]->type, 1},
                              .rows = 1,
                              .result = call.type,
                              .context = context_};
      Result<Value> result = call.kernel()(input);
      bound->reset();
      if (!result.ok() || Validity(*result).IsNull(0)) return;
      result->single = true;
      *bound = *std::move(result);
    };
    cast(&range.minimum);
    cast(&range.maximum);
    const bool is_known = range.minimum && range.maximum;
    if (f::FindCast(call.children[0]->type, call.type).can_fail && !is_known) {
      range.can_fail |= range.may_be_value;
    }
    range.is_one = false;
    return range;
  }

  std::map<int, Range> columns_;  // by number, slots of LETs among them
  const std::string_view text_;
  const EvaluationContext context_;
};

}  // namespace

PossibleResults FindPossibleResults(const BoundExpression& condition,
                                    std::span<const KnownColumn> columns, arrow::MemoryPool* pool) {
  std::map<int, ValueType> types;
  CollectTypes(condition.root(), &types);
  std::map<int, Range> ranges;
  for (size_t i = 0; i < columns.size(); ++i) {
    const int number = condition.numbers()[i];
    ranges[number] = MakeRange(columns[i], types[number], pool);
  }
  return ResultFinder(std::move(ranges), condition.text(), pool).ResultsOf(condition.root());
}

}  // namespace spillway::expression
