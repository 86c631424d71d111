// + - * / div % on integers and floating-point numbers. Integers that overflow fail, as ANSI asks;
// the loops compute every row without a branch and look for the row that failed afterwards.
#include <cmath>
#include <limits>
#include <type_traits>

#include "expression/functions/evaluation_error.h"
#include "expression/functions/kernels.h"
#include "expression/functions/type_dispatch.h"
#include "expression/map.h"

namespace spillway::expression::functions {
namespace {

std::string ShowBinary(const KernelInput& input, std::string_view symbol, int64_t row) {
  return fmt::format("{} {} {}", ShowValue(input, 0, row), symbol, ShowValue(input, 1, row));
}

// The loop for one shape of arguments: a single value is taken out of the loop, so that what is
// left is a plain array loop for the compiler.
template <typename T, typename Compute, typename Describe>
Result<Value> MapPairs(const KernelInput& input, Compute compute, Describe describe) {
  const FixedReader<T> left(input.arguments[0]);
  const FixedReader<T> right(input.arguments[1]);
  if (input.rows > 1 && right.single()) {
    const T value = right[0];
    const T* values = left.values();
    return TryMapRows<T>(
        input, [=](int64_t row, T* out) { return compute(values[row], value, out); }, describe);
  }
  if (input.rows > 1 && !left.single()) {
    const T* lefts = left.values();
    const T* rights = right.values();
    return TryMapRows<T>(
        input, [=](int64_t row, T* out) { return compute(lefts[row], rights[row], out); },
        describe);
  }
  return TryMapRows<T>(
      input, [=](int64_t row, T* out) { return compute(left[row], right[row], out); }, describe);
}

struct AddOperator {
  static constexpr std::string_view kSymbol = "+";
  template <typename T>
  static bool Apply(T left, T right, T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      *out = left + right;
      return true;
    } else {
      return !__builtin_add_overflow(left, right, out);
    }
  }
};

struct SubtractOperator {
  static constexpr std::string_view kSymbol = "-";
  template <typename T>
  static bool Apply(T left, T right, T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      *out = left - right;
      return true;
    } else {
      return !__builtin_sub_overflow(left, right, out);
    }
  }
};

struct MultiplyOperator {
  static constexpr std::string_view kSymbol = "*";
  template <typename T>
  static bool Apply(T left, T right, T* out) {
    if constexpr (std::is_floating_point_v<T>) {
      *out = left * right;
      return true;
    } else {
      return !__builtin_mul_overflow(left, right, out);
    }
  }
};

template <typename Operator>
Result<Value> Compute(const KernelInput& input) {
  return VisitNumber(input.result.kind, [&]<typename T>() {
    return MapPairs<T>(
        input, [](T left, T right, T* out) { return Operator::Apply(left, right, out); },
        [&input](int64_t row) {
          return Overflow(ShowBinary(input, Operator::kSymbol, row), TypeName(input.result));
        });
  });
}

template <typename T>
bool TakeRemainder(T left, T right, T* out) {
  *out = 0;
  if (right == 0) return false;
  if constexpr (std::is_floating_point_v<T>) {
    *out = std::fmod(left, right);
  } else if (right != -1) {  // the smallest integer % -1 traps
    *out = static_cast<T>(left % right);
  }
  return true;
}

template <typename Change>
Result<Value> AddDaysWith(const KernelInput& input, Change change) {
  const FixedReader<int32_t> date(input.arguments[0]);
  const FixedReader<int32_t> days(input.arguments[1]);
  return MapRows<int32_t>(input, [=](int64_t row) {
    return static_cast<int32_t>(
        change(static_cast<uint32_t>(date[row]), static_cast<uint32_t>(days[row])));
  });
}

}  // namespace

Result<Value> Add(const KernelInput& input) { return Compute<AddOperator>(input); }
Result<Value> Subtract(const KernelInput& input) { return Compute<SubtractOperator>(input); }
Result<Value> Multiply(const KernelInput& input) { return Compute<MultiplyOperator>(input); }

Result<Value> Divide(const KernelInput& input) {
  return MapPairs<double>(
      input,
      [](double left, double right, double* out) {
        *out = left / right;
        return right != 0;
      },
      [&input](int64_t row) { return DivisionByZero(ShowBinary(input, "/", row)); });
}

Result<Value> DivideIntegral(const KernelInput& input) {
  constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();
  return MapPairs<int64_t>(
      input,
      [](int64_t left, int64_t right, int64_t* out) {
        *out = 0;
        if (right == 0 || (left == kSmallest && right == -1)) return false;
        *out = left / right;
        return true;
      },
      [&input](int64_t row) {
        const std::string shown = ShowBinary(input, "div", row);
        return FixedReader<int64_t>(input.arguments[1])[row] == 0 ? DivisionByZero(shown)
                                                                  : Overflow(shown, "BIGINT");
      });
}

Result<Value> Remainder(const KernelInput& input) {
  return VisitNumber(input.result.kind, [&]<typename T>() {
    return MapPairs<T>(
        input, [](T left, T right, T* out) { return TakeRemainder(left, right, out); },
        [&input](int64_t row) { return DivisionByZero(ShowBinary(input, "%", row)); });
  });
}

Result<Value> Negate(const KernelInput& input) {
  return VisitNumber(input.result.kind, [&]<typename T>() {
    const FixedReader<T> values(input.arguments[0]);
    return TryMapRows<T>(
        input,
        [=](int64_t row, T* out) {
          if constexpr (std::is_floating_point_v<T>) {
            *out = -values[row];
            return true;
          } else {
            return !__builtin_sub_overflow(T{0}, values[row], out);
          }
        },
        [&input](int64_t row) {
          return Overflow("-(" + ShowValue(input, 0, row) + ")", TypeName(input.result));
        });
  });
}

Result<Value> Absolute(const KernelInput& input) {
  return VisitNumber(input.result.kind, [&]<typename T>() {
    const FixedReader<T> values(input.arguments[0]);
    return TryMapRows<T>(
        input,
        [=](int64_t row, T* out) {
          if constexpr (std::is_floating_point_v<T>) {
            *out = std::fabs(values[row]);
            return true;
          } else {
            *out = values[row];
            return values[row] >= 0 || !__builtin_sub_overflow(T{0}, values[row], out);
          }
        },
        [&input](int64_t row) {
          return Overflow("abs(" + ShowValue(input, 0, row) + ")", TypeName(input.result));
        });
  });
}

// Days past the last date wrap around, as they do in Spark.
Result<Value> AddDays(const KernelInput& input) {
  return AddDaysWith(input, [](uint32_t date, uint32_t days) { return date + days; });
}

Result<Value> SubtractDays(const KernelInput& input) {
  return AddDaysWith(input, [](uint32_t date, uint32_t days) { return date - days; });
}

}  // namespace spillway::expression::functions
