// The JSON Schema (draft 7) of the pipeline file, made from the key table: editors check and
// complete with it, and `spillway schema` prints it.
//
// Thread rule: free functions without state.
#pragma once

#include <string>

namespace spillway::spec {

// The schema as indented JSON that ends with a newline. It accepts what the parser accepts; the few
// checks that a schema cannot make (an undefined variable, a name that stands twice, a size above
// 2^62 bytes or below 1, a date that the calendar does not have) are the parser's alone.
std::string SchemaJson();

}  // namespace spillway::spec
