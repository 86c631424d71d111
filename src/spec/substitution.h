// Puts variables into text: ${name} from the pipeline's `variables`, ${env:NAME} from the
// environment, $$ for a dollar sign.
//
// Thread rule: free functions without state.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "spec/located_text.h"
#include "spec/spec.h"

namespace spillway::spec {

enum class SubstitutionContext {
  kPlain,       // paths, timestamps, properties: the value's text; ${env:NAME} is allowed
  kExpression,  // Spark SQL: the value as a literal
};

struct VariableScope {
  const std::map<std::string, Variable>& variables;
  const std::map<std::string, std::string>& environment;
};

// No text of a pipeline is longer, before or after its variables are put in.
inline constexpr size_t kLongestTextBytes = size_t{64} << 10;

// Whether `name` can be a variable: letters, digits and _, not a digit first, at most 128.
bool IsVariableName(std::string_view name);

// `text` with its variables put in; places in the result point to the ${ that made them.
//
// In an expression a number or boolean is put in as it stands (a negative number in parentheses), a
// string as a quoted SQL literal. Inside quotes or back quotes any value is put in as text, escaped
// for them; inside comments nothing is. Fails with kUndefinedVariable, and with kValueOutOfRange
// where the result is longer than kLongestTextBytes, or the environment's value is not UTF-8.
Result<LocatedText> Substitute(const LocatedText& text, SubstitutionContext context,
                               const VariableScope& scope);

}  // namespace spillway::spec
