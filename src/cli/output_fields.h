// The fields of each command's --json output: the table behind output_schema.h.
//
// Thread rule: immutable.
#pragma once

#include <span>
#include <string_view>

namespace spillway::cli {

struct OutputField {
  // "commits[].version": [] stands for any item of a list. A ? at the end: it may be absent.
  std::string_view path;
  // "integer", "number", "string", "boolean", "object", "list"; "map of integer" has any names;
  // "any"; "|null" behind it: or null. A list's items are its fields, or "list of string".
  std::string_view type;
  std::string_view description;
};

struct Output {
  std::string_view name;
  std::string_view description;
  std::span<const OutputField> fields;
};

std::span<const Output> Outputs();

}  // namespace spillway::cli
