// What decides the rows of a pipeline, and what its chunks are, as text: the same for two files
// that give the same rows from the same inputs, whatever their layout. Its hash goes into the
// application id of the commits, so a change of the text means that a killed run is begun anew and
// not taken up.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>

#include "spec/spec.h"

namespace spillway::spec {

// What stands for a string variable in an expression. Its value may be a secret, so that only the
// hash is made of a text with values; what is stored or shown has the names.
enum class VariableText { kValues, kNames };

// The text of `spec`, in lines, variables put in.
//
// It has: the tables' resolved paths, keys, types, duplicates and columns of the lookups, `where`,
// `columns`, `drop`, the expectations that drop rows, the target's mode and overwrite_schema, and
// the order of the chunks, because in another order a killed run's progress means other rows. It
// leaves out what changes no row: names, comments, the order of keys, white space and comments
// inside expressions, unused variables, memory, thresholds, chunk sizes, file sizes, compression,
// properties. It also leaves out version and timestamp, because the caller adds the versions that
// the run has pinned.
std::string CanonicalText(const Spec& spec, VariableText variables = VariableText::kValues);

// The text of all expectations, which decide what a finished row was judged by; empty for none.
std::string ExpectationsText(const Spec& spec);

// `expression` with every run of white space and comments outside quotes as one space, and none at
// the ends.
std::string CanonicalExpression(std::string_view expression);

}  // namespace spillway::spec
