// The functions and operators that expressions can call. Adding one is one entry in the table of
// function_table.cc: its name, how many arguments it takes, the rule that types them, and its
// kernel.
//
// Thread rule: immutable.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expression/call_binding.h"

namespace spillway::expression {

inline constexpr int kAnyNumber = -1;

// Converts the call's arguments to what the kernel takes and makes the node.
using TypeRule = Result<NodePointer> (*)(CallBinding& call);

struct Function {
  std::string_view name;  // lower case
  int minimum_arguments;
  int maximum_arguments;  // kAnyNumber: no limit
  TypeRule rule;
  Kernel kernel = nullptr;  // nullptr where the rule makes other nodes
  bool can_fail = false;    // the kernel can fail on a row
  ArgumentOrder order = ArgumentOrder::kLeftFirst;
};

// nullptr if there is none; `name` is lower case.
const Function* FindFunction(std::string_view name);

// The names that a user can call, for suggestions and for the documentation's test.
std::vector<std::string> FunctionNames();

// True if Spark has a built-in function of that name.
bool IsSparkFunction(std::string_view name);

}  // namespace spillway::expression
