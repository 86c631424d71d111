// What a user is told of each function: how it is called, what it gives, and an example, whose
// result a test computes.
//
// Thread rule: immutable.
#pragma once

#include <span>
#include <string_view>

namespace spillway::expression {

struct FunctionReference {
  std::string_view name;  // lower case
  std::string_view group;
  std::string_view signature;
  std::string_view meaning;
  std::string_view example;
  std::string_view result;  // Spark SQL too; of one that depends on the time, words
};

// In the order of the groups.
std::span<const FunctionReference> FunctionReferences();

// nullptr if there is none; `name` is lower case.
const FunctionReference* FindFunctionReference(std::string_view name);

}  // namespace spillway::expression
