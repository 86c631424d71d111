// A kernel computes one function or operator for all rows of a batch.
//
// Thread rule: kernels are pure functions.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "base/status.h"
#include "expression/bound_node.h"
#include "expression/value.h"
#include "expression/value_type.h"

namespace spillway::expression {

struct KernelInput {
  std::span<const Value> arguments;  // columns of `rows` rows, or single values
  std::span<const ValueType> types;  // of the arguments
  int64_t rows = 0;                  // rows of the result; 1 if all arguments are single
  const ValueType& result;
  const EvaluationContext& context;
  bool tolerant = false;  // a row that fails gives NULL instead of an error

  arrow::MemoryPool* pool() const { return context.pool; }
};

// The now_micros of constant folding: what depends on it fails there with Cancelled, and is left
// for Evaluate.
inline constexpr int64_t kUnknownMoment = std::numeric_limits<int64_t>::min();

// Returns a column of input.rows rows of type input.result. An error about a row's value is
// kEvaluation without a place; the caller adds it.
using Kernel = Result<Value> (*)(const KernelInput& input);

// In which order a call evaluates its arguments. Spark leaves out those that cannot matter once one
// is NULL, so that they cannot fail either; division looks at the divisor first.
enum class ArgumentOrder : uint8_t { kLeftFirst, kRightFirst, kAll };

// Evaluates its children and hands them to a kernel.
class CallNode : public BoundNode {
 public:
  // `arguments` become the children; `fails` if the kernel can fail on a row.
  CallNode(ValueType result, Kernel compute, std::vector<NodePointer> arguments, bool fails,
           Span place, ArgumentOrder order = ArgumentOrder::kLeftFirst);
  Result<Value> Evaluate(const Rows& rows) const override;
  void set_tolerant() { tolerant_ = true; }
  bool tolerant() const { return tolerant_; }
  Kernel kernel() const { return kernel_; }

 private:
  Result<std::vector<Value>> EvaluateArguments(const Rows& rows) const;

  Kernel kernel_;
  ArgumentOrder order_;
  std::vector<ValueType> types_;
  bool tolerant_ = false;
};

}  // namespace spillway::expression
