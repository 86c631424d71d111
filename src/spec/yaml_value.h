// Text as a pipeline file has to have it.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>

namespace spillway::spec {

// `text` as a YAML key or value that means just it: in quotes where it would be something else.
std::string YamlValue(std::string_view text);

// `text` as a path or an expression that means just it: a dollar sign begins no variable.
std::string WithoutVariables(std::string_view text);

}  // namespace spillway::spec
