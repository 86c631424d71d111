// A YAML document as a tree whose every node knows its place. It is stricter than YAML: a key may
// stand once in a map and must be text, tags and merge keys are refused, because they would be
// ignored, and so are a second document, nesting deeper than 64 and text that is not UTF-8.
//
// An alias is a second reference to the same node and is never expanded, so a document that would
// unfold to terabytes costs no more than its text.
//
// Thread rule: one thread builds and edits it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/located_text.h"

namespace spillway::spec {

inline constexpr size_t kLargestDocumentBytes = size_t{1} << 20;
inline constexpr int kDeepestNesting = 64;

using NodeId = uint32_t;

enum class NodeKind { kNull, kScalar, kList, kMap };

// What is an item of a list (`key` unused) or an entry of a map.
struct Entry {
  NodeId key = 0;
  NodeId value = 0;
};

struct Node {
  NodeKind kind = NodeKind::kNull;
  bool quoted = false;         // kScalar: quoted or a block, so it is text whatever it looks like
  std::string text;            // kScalar
  std::vector<Entry> entries;  // kList, kMap
  uint32_t source = 0;         // index into the document's sources
  size_t begin = 0;            // byte in the source's text
  int line = 1;
  int column = 1;
};

// Where nodes come from: the file, a flag or an environment variable.
struct DocumentSource {
  std::string name;
  std::string text;
  bool is_file = true;
};

class Document {
 public:
  // Reads `text` as YAML and returns its root node, a null for an empty text. Fails with
  // kPipelineFileUnreadable (too large), kPipelineFileSyntax, kDuplicateKey or kUnknownKey (merge
  // key). Line ends may be LF, CRLF or CR.
  Result<NodeId> AddYaml(std::string name, std::string_view text, bool is_file);

  // Adds a scalar that is not YAML: the value of a flag or variable.
  NodeId AddScalar(std::string name, std::string text, bool quoted);

  // Adds an empty node of `kind` that stands nowhere but in `name`.
  NodeId AddEmpty(std::string name, NodeKind kind);

  // Adds a copy of `id` that shares its children: what an edit changes must not be shared.
  NodeId AddCopy(NodeId id);

  const Node& node(NodeId id) const { return nodes_[id]; }
  Node& node(NodeId id) { return nodes_[id]; }

  // The value of the entry `key` of a map; none if the node is no map or has no such entry.
  std::optional<NodeId> Find(NodeId map, std::string_view key) const;

  // Sets the entry `key` of a map, in place or at the end.
  void Set(NodeId map, std::string_view key, NodeId value);

  // "silver.yaml:12:3" or the flag's or environment variable's name.
  std::string Where(NodeId id) const;

  // A scalar's text with the places of its characters.
  LocatedText Located(NodeId id) const;

 private:
  NodeId Add(Node node);

  std::vector<DocumentSource> sources_;
  std::vector<Node> nodes_;
};

}  // namespace spillway::spec
