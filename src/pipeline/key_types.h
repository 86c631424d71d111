// The type in which a key of the source and one of a lookup are compared, and how both come to it.
//
// Thread rule: free functions and plain values.
#pragma once

#include <optional>
#include <string>

#include <arrow/type.h>

#include "base/status.h"
#include "pipeline/bound_pipeline.h"
#include "spec/spec.h"

namespace spillway::pipeline {

struct KeyTypes {
  std::optional<expression::BoundExpression> source_cast;  // as BoundLookup::source_casts
  Projection built;  // of the lookup's column; its place among the columns read is not known yet
};

// For the columns `source` and `table` that `key` names; `owner` is the lookup in errors. Values of
// different types are cast to the one in which Spark compares them. Errors: kKeyTypeMismatch (there
// is none), kUnsupportedType (no join finds values of that type).
Result<KeyTypes> BindKeyTypes(const spec::KeyColumn& key, const arrow::Field& source,
                              const arrow::Field& table, const std::string& owner);

}  // namespace spillway::pipeline
