// Turns a document, overrides applied, into a Spec: walks it along the key table.
//
// Thread rule: free functions without state.
#pragma once

#include <map>
#include <string>

#include "base/status.h"
#include "spec/document.h"
#include "spec/spec.h"

namespace spillway::spec {

// Reads the pipeline whose root is `root`; `file` and `directory` of the result are not set. The
// errors are those of ParsePipelineText.
Result<Spec> ReadSpec(const Document& document, NodeId root,
                      const std::map<std::string, std::string>& environment);

// The error for the key at `path` of which the table knows nothing: kFeatureNotBuilt where a later
// version has it, else kUnknownKey with the closest name of `section`.
Status UnknownKey(const std::string& section, const std::string& name, const std::string& where);

}  // namespace spillway::spec
