// Looking up columns by name as Spark does: without regard to the case of ASCII letters.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "spec/located_text.h"

namespace spillway::pipeline {

bool SameName(std::string_view left, std::string_view right);

// The index of the only field named `name`, or -1 where there is none. kAmbiguousColumn, placed at
// `name`, where several have it. `owner` completes "two columns of ..".
Result<int> FindColumn(const arrow::FieldVector& fields, const spec::LocatedText& name,
                       std::string_view owner);

// The names of `fields`, for suggestions.
std::vector<std::string> NamesOf(const arrow::FieldVector& fields);

// `name` in back quotes, as Spark SQL reads any name.
std::string Quoted(std::string_view name);

}  // namespace spillway::pipeline
