// Looking up columns by name as Spark does: without regard to case (base/column_name.h).
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "spec/located_text.h"

namespace spillway::pipeline {

// The index of the only field named `name`, or -1 where there is none. kAmbiguousColumn, placed at
// `name`, where several have it. `owner` completes "two columns of ..".
Result<int> FindColumn(const arrow::FieldVector& fields, const spec::LocatedText& name,
                       std::string_view owner);

// Names of columns, none of which may be another one in another case.
class NamesSoFar {
 public:
  // Adds `name`; if one before it is the same, returns that instead, valid until the next call.
  const std::string* Add(const std::string& name);

 private:
  std::unordered_map<std::string, std::string> by_folded_;
};

// Errors: a key of `columns` is the same name as an earlier one; two columns of the result are.
Status TwiceInColumns(const spec::LocatedText& name, const std::string& earlier);
Status TwiceInResult(const spec::LocatedText& source, const std::string& first,
                     const std::string& second);

// The names of `fields`, for suggestions.
std::vector<std::string> NamesOf(const arrow::FieldVector& fields);

}  // namespace spillway::pipeline
