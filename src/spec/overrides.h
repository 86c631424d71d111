// Puts values from the command line and the environment into a pipeline document, before it is
// read: so they pass the same checks as the file, and an error names the flag or variable.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "spec/document.h"
#include "spec/spec_parser.h"

namespace spillway::spec {

// The overrides that SPILLWAY_* variables make, by name. A key's variable is its path in capitals
// with _ for the points, SPILLWAY_PROCESSING_CHUNK_SIZE; SPILLWAY_MEMORY is short for
// SPILLWAY_RESOURCES_MEMORY; SPILLWAY_VARIABLES_X sets the variable x. An empty one is not there.
// Fails with kUnknownKey on a variable that looks like a key but is none, with kFeatureNotBuilt on
// one of a later version, with kDuplicateKey where both names of one key are set. Variables of
// other names belong to others and are left alone.
Result<std::vector<Override>> EnvironmentOverrides(
    const std::map<std::string, std::string>& environment, const Document& document, NodeId root);

// Sets the key that `change` names, making the sections on its way. A list or map is given as YAML;
// a scalar as it stands, and the words null and ~, or nothing at all, take the file's value away.
// Nodes that an alias shares are copied first. Fails with kUnknownKey and kFeatureNotBuilt, with
// kValueOutOfRange where it is not UTF-8, and as AddYaml does.
Status ApplyOverride(Document& document, NodeId root, const Override& change);

}  // namespace spillway::spec
