// One call while it is bound: its arguments, and what a type rule does with them.
//
// Thread rule: one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expression/bound_node.h"
#include "expression/kernel.h"

namespace spillway::expression {

struct Function;

struct CallBinding {
  std::string_view text;  // the whole expression's, for errors
  Span span;
  const Function& function;
  std::vector<NodePointer> arguments;
  arrow::MemoryPool* pool;

  const ValueType& type(size_t argument) const { return arguments[argument]->type; }
  Kind kind(size_t argument) const { return arguments[argument]->type.kind; }

  // Converts an argument; CanCast holds.
  void Convert(size_t argument, const ValueType& to);
  void Convert(size_t argument, Kind to) { Convert(argument, ValueType{.kind = to}); }

  // Converts an argument as Spark does unasked, or fails with kExpressionType.
  Status Expect(size_t argument, const ValueType& to);
  Status Expect(size_t argument, Kind to) { return Expect(argument, ValueType{.kind = to}); }

  // Converts all arguments to one type, which `meet` finds for two; else kExpressionType.
  using Meet = std::optional<ValueType> (*)(const ValueType&, const ValueType&);
  Status ExpectCommonType(Meet meet);

  // A call of the function's kernel, or of another one, on the arguments.
  Result<NodePointer> Make(const ValueType& result);
  Result<NodePointer> Make(Kind result) { return Make(ValueType{.kind = result}); }
  Result<NodePointer> Make(const ValueType& result, Kernel kernel, bool can_fail);

  // kExpressionType with the arguments' types; kExpressionUnsupported.
  Status Refuse(std::string_view reason) const;
  Status Unsupported(std::string_view what) const;
};

}  // namespace spillway::expression
