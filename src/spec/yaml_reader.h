// The one place that knows yaml-cpp: reads YAML text into nodes, and turns its exceptions into
// coded errors.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/document.h"

namespace spillway::spec {

// Nodes refer to each other by their index here; their `source` is not set.
struct YamlTree {
  std::vector<Node> nodes;
  NodeId root = 0;
};

// `text` with LF line ends and without a byte order mark. Fails with kPipelineFileUnreadable above
// kLargestDocumentBytes and with kPipelineFileSyntax where it is not UTF-8 or has control
// characters.
Result<std::string> NormalizeYaml(const DocumentSource& source, std::string_view text);

// Reads `source.text`, which is normalised. The errors are those of Document::AddYaml.
Result<YamlTree> ReadYaml(const DocumentSource& source);

}  // namespace spillway::spec
