#include <cmath>

#include "expression/functions/kernels.h"
#include "expression/map.h"

namespace spillway::expression {

Result<Value> Decide(const Value& left, const Value& right, bool decisive, int64_t rows,
                     arrow::MemoryPool* pool) {
  const Validity left_valid(left);
  const Validity right_valid(right);
  const BooleanReader lefts(left);
  const BooleanReader rights(right);
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(rows, pool));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows, [&] {
    const int64_t at = row++;
    // A null slot's bit may be anything: it does not decide.
    const bool decided = (lefts[at] == decisive && left_valid.IsValid(at)) ||
                         (rights[at] == decisive && right_valid.IsValid(at));
    return decided ? decisive : !decisive;
  });
  std::shared_ptr<arrow::Buffer> validity;
  if (left_valid.may_be_null() || right_valid.may_be_null()) {
    ARROW_ASSIGN_OR_RAISE(validity, MakeBitmap(rows, pool));
    row = 0;
    arrow::internal::GenerateBitsUnrolled(validity->mutable_data(), 0, rows, [&] {
      const int64_t at = row++;
      const bool left_known = left_valid.IsValid(at);
      const bool right_known = right_valid.IsValid(at);
      return (left_known && right_known) || (left_known && lefts[at] == decisive) ||
             (right_known && rights[at] == decisive);
    });
  }
  return MakeColumn({.kind = Kind::kBoolean}, rows, std::move(validity), std::move(bits));
}

namespace functions {
namespace {

// A boolean column without nulls.
template <typename Get>
Result<Value> Answer(const KernelInput& input, Get get) {
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, input.rows,
                                        [&] { return get(row++); });
  return MakeColumn(input.result, input.rows, nullptr, std::move(bits));
}

// Which rows of the argument are not null, every bit turned over by `flip`: eight rows at a time.
Result<Value> AnswerNullness(const KernelInput& input, uint8_t flip) {
  const Validity validity(input.arguments[0]);
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  uint8_t* const out = bits->mutable_data();
  int64_t row = 0;
  for (; !input.arguments[0].single && row + 8 <= input.rows; row += 8) {
    out[row / 8] = validity.EightValid(row) ^ flip;
  }
  for (; row < input.rows; ++row) {
    arrow::bit_util::SetBitTo(out, row, validity.IsValid(row) == (flip == 0));
  }
  return MakeColumn(input.result, input.rows, nullptr, std::move(bits));
}

template <typename T>
Result<Value> AnswerNaN(const KernelInput& input) {
  const Validity validity(input.arguments[0]);
  const FixedReader<T> values(input.arguments[0]);
  return Answer(input,
                [&](int64_t row) { return std::isnan(values[row]) && validity.IsValid(row); });
}

}  // namespace

Result<Value> Not(const KernelInput& input) {
  const BooleanReader truth(input.arguments[0]);
  return MapToBoolean(input, [&](int64_t row) { return !truth[row]; });
}

Result<Value> IsNull(const KernelInput& input) { return AnswerNullness(input, 0xFF); }

Result<Value> IsNotNull(const KernelInput& input) { return AnswerNullness(input, 0); }

Result<Value> IsTrue(const KernelInput& input) {
  const Validity validity(input.arguments[0]);
  const BooleanReader truth(input.arguments[0]);
  return Answer(input, [&](int64_t row) { return truth[row] && validity.IsValid(row); });
}

Result<Value> IsFalse(const KernelInput& input) {
  const Validity validity(input.arguments[0]);
  const BooleanReader truth(input.arguments[0]);
  return Answer(input, [&](int64_t row) { return !truth[row] && validity.IsValid(row); });
}

Result<Value> IsNaN(const KernelInput& input) {
  return input.types[0].kind == Kind::kFloat ? AnswerNaN<float>(input) : AnswerNaN<double>(input);
}

}  // namespace functions
}  // namespace spillway::expression
