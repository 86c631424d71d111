// Comparisons of two columns of one type. NaN is larger than any number and equal to itself, -0.0
// equals 0.0, texts and binaries compare by bytes.
#include <cmath>
#include <type_traits>
#include <vector>

#include <arrow/array/array_nested.h>

#include "expression/branch_merge.h"
#include "expression/decimal_math.h"
#include "expression/functions/kernels.h"
#include "expression/functions/type_dispatch.h"
#include "expression/leaf_nodes.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

// -1, 0 or 1 for each row of two columns of structs, field by field.
Result<std::vector<int8_t>> OrderStructs(const KernelInput& input);

template <typename T>
bool IsLess(const T& left, const T& right) {
  if constexpr (std::is_floating_point_v<T>) {
    // Without a jump: comparisons of data are hard to foresee.
    return (left < right) | (std::isnan(right) & !std::isnan(left));
  } else {
    return left < right;
  }
}

template <typename T>
bool IsEqual(const T& left, const T& right) {
  if constexpr (std::is_floating_point_v<T>) {
    return (left == right) | (std::isnan(left) & std::isnan(right));
  } else {
    return left == right;
  }
}

struct EqualOperator {
  template <typename T>
  static bool Apply(const T& left, const T& right) {
    return IsEqual(left, right);
  }
};
struct NotEqualOperator {
  template <typename T>
  static bool Apply(const T& left, const T& right) {
    return !IsEqual(left, right);
  }
};
struct LessOperator {
  template <typename T>
  static bool Apply(const T& left, const T& right) {
    return IsLess(left, right);
  }
};
struct LessOrEqualOperator {
  template <typename T>
  static bool Apply(const T& left, const T& right) {
    return !IsLess(right, left);
  }
};

// Reads arguments of `kind` and hands their readers to `visit`.
template <typename Visit>
Result<Value> VisitPair(const KernelInput& input, Kind kind, Visit visit) {
  const Value& left = input.arguments[0];
  const Value& right = input.arguments[1];
  switch (kind) {
    case Kind::kBoolean:
      return visit(BooleanReader(left), BooleanReader(right));
    case Kind::kDecimal: {
      const FixedReader<arrow::Decimal128> lefts(left);
      const FixedReader<arrow::Decimal128> rights(right);
      struct Wide {
        FixedReader<arrow::Decimal128> reader;
        Int128 operator[](int64_t row) const { return ToInt128(reader[row]); }
      };
      return visit(Wide{lefts}, Wide{rights});
    }
    case Kind::kString:
    case Kind::kBinary:
      return visit(TextReader(left), TextReader(right));
    case Kind::kDate:
      return visit(FixedReader<int32_t>(left), FixedReader<int32_t>(right));
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return visit(FixedReader<int64_t>(left), FixedReader<int64_t>(right));
    case Kind::kNull:
      return MakeNulls(input.result, input.rows, input.pool());
    default:
      return VisitNumber(
          kind, [&]<typename T>() { return visit(FixedReader<T>(left), FixedReader<T>(right)); });
  }
}

template <typename Operator>
Result<Value> Compare(const KernelInput& input) {
  if (input.types[0].kind == Kind::kStruct) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int8_t> order, OrderStructs(input));
    return MapToBoolean(input, [&](int64_t row) {
      return Operator::Apply(order[static_cast<size_t>(row)], int8_t{0});
    });
  }
  return VisitPair(input, input.types[0].kind, [&](const auto& left, const auto& right) {
    if (input.arguments[0].single) {
      const auto value = left[0];
      return MapToBoolean(input, [&](int64_t row) { return Operator::Apply(value, right[row]); });
    }
    if (input.arguments[1].single) {
      const auto value = right[0];
      return MapToBoolean(input, [&](int64_t row) { return Operator::Apply(left[row], value); });
    }
    return MapToBoolean(input, [&](int64_t row) { return Operator::Apply(left[row], right[row]); });
  });
}

// Orders the rows that are still equal by one more field. NULL comes before every value.
Status OrderByField(const Value& left, const Value& right, const ValueType& type,
                    const KernelInput& input, std::vector<int8_t>* order) {
  const Value pair[2] = {left, right};
  const ValueType types[2] = {type, type};
  const ValueType boolean{.kind = Kind::kBoolean};
  const KernelInput field{.arguments = pair,
                          .types = types,
                          .rows = input.rows,
                          .result = boolean,
                          .context = input.context};
  ARROW_ASSIGN_OR_RAISE(const Value less, Compare<LessOperator>(field));
  ARROW_ASSIGN_OR_RAISE(const Value equal, Compare<EqualOperator>(field));
  const Validity left_validity(left);
  const Validity right_validity(right);
  const BooleanReader is_less(less);
  const BooleanReader is_equal(equal);
  for (int64_t row = 0; row < input.rows; ++row) {
    int8_t& result = (*order)[static_cast<size_t>(row)];
    if (result != 0) continue;
    const bool left_valid = left_validity.IsValid(row);
    const bool right_valid = right_validity.IsValid(row);
    if (left_valid && right_valid) {
      result = static_cast<int8_t>(is_equal[row] ? 0 : is_less[row] ? -1 : 1);
    } else {
      result = static_cast<int8_t>(static_cast<int>(left_valid) - static_cast<int>(right_valid));
    }
  }
  return Status::OK();
}

Result<std::vector<int8_t>> OrderStructs(const KernelInput& input) {
  std::vector<int8_t> order(static_cast<size_t>(input.rows), 0);
  const arrow::StructArray left(input.arguments[0].data);
  const arrow::StructArray right(input.arguments[1].data);
  for (int i = 0; i < left.num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto left_field, ToPlain(left.field(i)->data(), input.pool()));
    ARROW_ASSIGN_OR_RAISE(auto right_field, ToPlain(right.field(i)->data(), input.pool()));
    const Value left_value{std::move(left_field), input.arguments[0].single};
    const Value right_value{std::move(right_field), input.arguments[1].single};
    ARROW_RETURN_NOT_OK(OrderByField(
        left_value, right_value, FromArrow(left.struct_type()->field(i)->type()), input, &order));
  }
  return order;
}

template <typename Operator>
Result<Value> CompareSwapped(const KernelInput& input) {
  const Value arguments[2] = {input.arguments[1], input.arguments[0]};
  const ValueType types[2] = {input.types[1], input.types[0]};
  return Compare<Operator>({.arguments = arguments,
                            .types = types,
                            .rows = input.rows,
                            .result = input.result,
                            .context = input.context});
}

// Whether the right row replaces the left one, which was the best so far.
template <bool greatest>
Result<Value> Replaces(const KernelInput& input) {
  const Validity left_validity(input.arguments[0]);
  const Validity right_validity(input.arguments[1]);
  return VisitPair(
      input, input.types[0].kind, [&](const auto& left, const auto& right) -> Result<Value> {
        ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
        int64_t row = 0;
        arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, input.rows, [&] {
          const int64_t at = row++;
          if (right_validity.IsNull(at)) return false;
          if (left_validity.IsNull(at)) return true;
          return greatest ? IsLess(left[at], right[at]) : IsLess(right[at], left[at]);
        });
        return MakeColumn({.kind = Kind::kBoolean}, input.rows, nullptr, std::move(bits));
      });
}

template <bool greatest>
Result<Value> Extreme(const KernelInput& input) {
  Value best = input.arguments[0];
  for (size_t i = 1; i < input.arguments.size(); ++i) {
    const Value pair[2] = {best, input.arguments[i]};
    ARROW_ASSIGN_OR_RAISE(const Value replaces,
                          Replaces<greatest>({.arguments = pair,
                                              .types = input.types.subspan(0, 2),
                                              .rows = input.rows,
                                              .result = input.result,
                                              .context = input.context}));
    const BooleanReader takes(replaces);
    std::vector<BranchNumber> choices(static_cast<size_t>(input.rows));
    for (int64_t row = 0; row < input.rows; ++row) {
      choices[static_cast<size_t>(row)] = takes[row] ? 1 : 0;
    }
    ARROW_ASSIGN_OR_RAISE(
        best, MergeBranches(input.result, choices, {{.value = pair[0]}, {.value = pair[1]}},
                            input.pool()));
  }
  return best;
}

}  // namespace

Result<Value> Equal(const KernelInput& input) { return Compare<EqualOperator>(input); }
Result<Value> NotEqual(const KernelInput& input) { return Compare<NotEqualOperator>(input); }
Result<Value> Less(const KernelInput& input) { return Compare<LessOperator>(input); }
Result<Value> LessOrEqual(const KernelInput& input) { return Compare<LessOrEqualOperator>(input); }
Result<Value> Greater(const KernelInput& input) { return CompareSwapped<LessOperator>(input); }
Result<Value> GreaterOrEqual(const KernelInput& input) {
  return CompareSwapped<LessOrEqualOperator>(input);
}

Result<Value> NullSafeEqual(const KernelInput& input) {
  const Validity left(input.arguments[0]);
  const Validity right(input.arguments[1]);
  if (input.types[0].kind == Kind::kNull) {
    ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
    arrow::bit_util::SetBitsTo(bits->mutable_data(), 0, input.rows, true);
    return MakeColumn(input.result, input.rows, nullptr, std::move(bits));
  }
  ARROW_ASSIGN_OR_RAISE(const Value equal, Compare<EqualOperator>(input));
  const BooleanReader same(equal);
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, input.rows, [&] {
    const int64_t at = row++;
    const bool left_null = left.IsNull(at);
    const bool right_null = right.IsNull(at);
    return left_null || right_null ? left_null && right_null : same[at];
  });
  return MakeColumn(input.result, input.rows, nullptr, std::move(bits));
}

Result<Value> Greatest(const KernelInput& input) { return Extreme<true>(input); }
Result<Value> Least(const KernelInput& input) { return Extreme<false>(input); }

}  // namespace spillway::expression::functions
