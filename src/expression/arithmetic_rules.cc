#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "expression/cast_node.h"
#include "expression/coercion.h"
#include "expression/function_table.h"
#include "expression/functions/kernels.h"
#include "expression/leaf_nodes.h"
#include "expression/type_rules.h"

namespace spillway::expression {
namespace {

using DecimalRule = ValueType (*)(const ValueType& left, const ValueType& right);

bool IsFloating(Kind kind) { return kind == Kind::kFloat || kind == Kind::kDouble; }

// A string gives way to the other operand's type.
void PromoteString(CallBinding& call) {
  const bool left = call.kind(0) == Kind::kString;
  const bool right = call.kind(1) == Kind::kString;
  if (left == right) return;
  const auto wider = WiderTypeForString(call.type(0), call.type(1));
  if (!wider) return;
  call.Convert(0, *wider);
  call.Convert(1, *wider);
}

// An integral operand beside a decimal becomes one, a decimal beside a floating one floating.
void MeetDecimal(CallBinding& call, size_t decimal, size_t other) {
  if (call.kind(decimal) != Kind::kDecimal) return;
  if (IsIntegral(call.kind(other))) {
    call.arguments[other] = CastIntegralToDecimal(std::move(call.arguments[other]));
  } else if (IsFloating(call.kind(other))) {
    call.Convert(decimal, Kind::kDouble);
    call.Convert(other, Kind::kDouble);
  }
}

// Converts both operands to numbers that arithmetic takes together: decimals of their own sizes, or
// one other type.
Status MeetForArithmetic(CallBinding& call) {
  PromoteString(call);
  MeetDecimal(call, 0, 1);
  MeetDecimal(call, 1, 0);
  if (call.kind(0) == Kind::kDecimal && call.kind(1) == Kind::kDecimal) return Status::OK();
  if (call.kind(0) == Kind::kNull && call.kind(1) == Kind::kNull) {
    call.Convert(0, Kind::kDouble);
    call.Convert(1, Kind::kDouble);
    return Status::OK();
  }
  const auto common = TightestCommonType(call.type(0), call.type(1));
  if (!common) return call.Refuse("the operands have no common type");
  if (!IsNumeric(common->kind)) return call.Refuse("the operands must be numbers");
  call.Convert(0, *common);
  call.Convert(1, *common);
  return Status::OK();
}

Result<NodePointer> Arithmetic(CallBinding& call, Kernel decimal_kernel, DecimalRule decimal_type) {
  ARROW_RETURN_NOT_OK(MeetForArithmetic(call));
  if (call.kind(0) == Kind::kDecimal) {
    const ValueType result = decimal_type(call.type(0), call.type(1));
    return call.Make(result, decimal_kernel, true);
  }
  const bool fails =
      !IsFloating(call.kind(0)) || call.function.name == "%" || call.function.name == "mod";
  return call.Make(call.type(0), call.function.kernel, fails);
}

bool IsDayCount(Kind kind) {
  return kind == Kind::kByte || kind == Kind::kShort || kind == Kind::kInt;
}

// A date or timestamp less another, or less a NULL or a text that stands for one.
Status RefuseIntervals(const CallBinding& call) {
  bool interval = false;
  for (size_t i = 0; i < 2; ++i) {
    const Kind other = call.kind(1 - i);
    interval = interval || (IsDatetime(call.kind(i)) &&
                            (IsDatetime(other) || other == Kind::kNull || other == Kind::kString));
  }
  if (!interval) return Status::OK();
  return call.Unsupported("the difference of two dates or timestamps (an interval)");
}

// The constant second argument of round and its like.
Status ExpectPlaces(CallBinding& call) {
  ARROW_RETURN_NOT_OK(call.Expect(1, Kind::kInt));
  if (!call.arguments[1]->foldable) {
    return call.Refuse("the number of places must be a constant");
  }
  return Status::OK();
}

// The value of the constant second argument; 0 if it is null.
Result<int> Places(const CallBinding& call) {
  const EvaluationContext context{.pool = call.pool};
  const Rows one_row{.count = 1, .context = &context, .text = call.text};
  ARROW_ASSIGN_OR_RAISE(const Value value, call.arguments[1]->Evaluate(one_row));
  return Validity(value).IsNull(0) ? 0 : FixedReader<int32_t>(value)[0];
}

// Room for one digit more in front of the point, since rounding may carry.
ValueType RoundedType(const ValueType& type, int places) {
  const int integral_digits = type.precision - type.scale + 1;
  if (places < 0) {
    const int64_t needed = std::max<int64_t>(integral_digits, int64_t{1} - places);
    return DecimalType(static_cast<int>(std::min<int64_t>(needed, kMaximumPrecision)), 0);
  }
  const int scale = std::min(type.scale, places);
  return DecimalType(std::min(integral_digits + scale, kMaximumPrecision), scale);
}

// floor(x, places): always by way of a decimal.
Result<NodePointer> ToPlaces(CallBinding& call, Kernel kernel) {
  if (call.kind(1) == Kind::kNull) return call.Refuse("the number of places must not be NULL");
  ARROW_RETURN_NOT_OK(ExpectPlaces(call));
  const Kind kind = call.kind(0);
  if (kind == Kind::kFloat) {
    call.Convert(0, DecimalType(14, 7));
  } else if (kind == Kind::kDouble) {
    call.Convert(0, DecimalType(30, 15));
  } else if (IsIntegral(kind)) {
    call.Convert(0, DecimalFor(kind));
  } else if (kind != Kind::kDecimal) {
    ARROW_RETURN_NOT_OK(call.Expect(0, DecimalType(38, 18)));
  }
  ARROW_ASSIGN_OR_RAISE(const int places, Places(call));
  const ValueType result = RoundedType(call.type(0), places);
  ARROW_ASSIGN_OR_RAISE(NodePointer node, call.Make(result, kernel, true));
  return node;
}

Result<NodePointer> ToWhole(CallBinding& call, Kernel places_kernel) {
  if (call.arguments.size() == 2) return ToPlaces(call, places_kernel);
  if (call.kind(0) == Kind::kDecimal) {
    const ValueType& type = call.type(0);
    const ValueType result =
        type.scale == 0
            ? type
            : DecimalType(std::min(type.precision - type.scale + 1, kMaximumPrecision), 0);
    return call.Make(result);
  }
  if (IsIntegral(call.kind(0))) {
    call.Convert(0, Kind::kLong);
  } else {
    ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kDouble));
  }
  return call.Make({.kind = Kind::kLong}, call.function.kernel, false);
}

}  // namespace

Result<NodePointer> AddRule(CallBinding& call) {
  for (size_t i = 0; i < 2; ++i) {
    // Spark takes the NULL for an interval: the sum with a date is a timestamp.
    if (!IsDatetime(call.kind(i)) || call.kind(1 - i) != Kind::kNull) continue;
    const bool zoneless = call.kind(i) == Kind::kTimestampNtz;
    call.Convert(1 - i, zoneless ? Kind::kTimestampNtz : Kind::kTimestamp);
    return std::move(call.arguments[1 - i]);
  }
  if (call.kind(1) == Kind::kDate && IsDayCount(call.kind(0))) {
    std::swap(call.arguments[0], call.arguments[1]);
  }
  if (call.kind(0) == Kind::kDate && IsDayCount(call.kind(1))) {
    call.Convert(1, Kind::kInt);
    return call.Make({.kind = Kind::kDate}, functions::AddDays, false);
  }
  return Arithmetic(call, functions::AddDecimal, SumType);
}

Result<NodePointer> SubtractRule(CallBinding& call) {
  if (call.kind(0) == Kind::kDate && IsDayCount(call.kind(1))) {
    call.Convert(1, Kind::kInt);
    return call.Make({.kind = Kind::kDate}, functions::SubtractDays, false);
  }
  ARROW_RETURN_NOT_OK(RefuseIntervals(call));
  return Arithmetic(call, functions::SubtractDecimal, SumType);
}

Result<NodePointer> MultiplyRule(CallBinding& call) {
  return Arithmetic(call, functions::MultiplyDecimal, ProductType);
}

Result<NodePointer> RemainderRule(CallBinding& call) {
  return Arithmetic(call, functions::RemainderDecimal, RemainderType);
}

Result<NodePointer> DivideRule(CallBinding& call) {
  ARROW_RETURN_NOT_OK(MeetForArithmetic(call));
  if (call.kind(0) == Kind::kDecimal) {
    const ValueType result = QuotientType(call.type(0), call.type(1));
    return call.Make(result, functions::DivideDecimal, true);
  }
  call.Convert(0, Kind::kDouble);
  call.Convert(1, Kind::kDouble);
  return call.Make(Kind::kDouble);
}

Result<NodePointer> DivideIntegralRule(CallBinding& call) {
  if (call.kind(0) == Kind::kNull && call.kind(1) == Kind::kNull) call.Convert(0, Kind::kLong);
  ARROW_RETURN_NOT_OK(MeetForArithmetic(call));
  if (call.kind(0) == Kind::kDecimal) {
    return call.Make({.kind = Kind::kLong}, functions::DivideIntegralDecimal, true);
  }
  if (IsFloating(call.kind(0))) return call.Refuse("div takes integers and decimals");
  call.Convert(0, Kind::kLong);
  call.Convert(1, Kind::kLong);
  return call.Make(Kind::kLong);
}

Result<NodePointer> SignRule(CallBinding& call) {
  if (call.kind(0) == Kind::kString || call.kind(0) == Kind::kNull) call.Convert(0, Kind::kDouble);
  if (!IsNumeric(call.kind(0))) return call.Refuse("the argument must be a number");
  if (call.kind(0) == Kind::kDecimal) {
    return call.Make(call.type(0),
                     call.function.kernel == functions::Absolute ? functions::AbsoluteDecimals
                                                                 : functions::NegateDecimals,
                     call.type(0).precision > 34);
  }
  return call.Make(call.type(0), call.function.kernel, !IsFloating(call.kind(0)));
}

Result<NodePointer> PositiveRule(CallBinding& call) {
  if (call.kind(0) == Kind::kString || call.kind(0) == Kind::kNull) call.Convert(0, Kind::kDouble);
  if (!IsNumeric(call.kind(0))) return call.Refuse("the argument must be a number");
  return std::move(call.arguments[0]);
}

Result<NodePointer> RoundRule(CallBinding& call) {
  if (!IsNumeric(call.kind(0))) ARROW_RETURN_NOT_OK(call.Expect(0, Kind::kDouble));
  if (call.arguments.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(
        NodePointer zero,
        MakeConstant({.span = call.span, .text = "0", .type = {.kind = Kind::kInt}}, call.pool));
    call.arguments.push_back(std::move(zero));
  }
  ARROW_RETURN_NOT_OK(ExpectPlaces(call));
  if (call.kind(0) != Kind::kDecimal) {
    const bool fails = !IsFloating(call.kind(0));
    return call.Make(call.type(0), call.function.kernel, fails);
  }
  ARROW_ASSIGN_OR_RAISE(const int places, Places(call));
  return call.Make(RoundedType(call.type(0), places));
}

Result<NodePointer> FloorRule(CallBinding& call) { return ToWhole(call, functions::FloorDecimal); }
Result<NodePointer> CeilRule(CallBinding& call) { return ToWhole(call, functions::CeilDecimal); }

}  // namespace spillway::expression
