#include "spec/document.h"

#include <algorithm>
#include <utility>

#include "spec/scalar_places.h"
#include "spec/yaml_reader.h"

namespace spillway::spec {

Result<NodeId> Document::AddYaml(std::string name, std::string_view text, bool is_file) {
  DocumentSource source{std::move(name), {}, is_file};
  ARROW_ASSIGN_OR_RAISE(source.text, NormalizeYaml(source, text));
  ARROW_ASSIGN_OR_RAISE(YamlTree tree, ReadYaml(source));
  const auto shift = static_cast<NodeId>(nodes_.size());
  const auto source_index = static_cast<uint32_t>(sources_.size());
  for (Node& node : tree.nodes) {
    node.source = source_index;
    for (Entry& entry : node.entries) {
      entry.key += shift;
      entry.value += shift;
    }
    nodes_.push_back(std::move(node));
  }
  sources_.push_back(std::move(source));
  return tree.root + shift;
}

NodeId Document::AddScalar(std::string name, std::string text, bool quoted) {
  sources_.push_back({std::move(name), "", false});
  Node node{.kind = NodeKind::kScalar, .quoted = quoted, .text = std::move(text), .entries = {}};
  node.source = static_cast<uint32_t>(sources_.size() - 1);
  return Add(std::move(node));
}

NodeId Document::AddEmpty(std::string name, NodeKind kind) {
  sources_.push_back({std::move(name), "", false});
  Node node{.kind = kind, .text = {}, .entries = {}};
  node.source = static_cast<uint32_t>(sources_.size() - 1);
  return Add(std::move(node));
}

NodeId Document::AddCopy(NodeId id) { return Add(Node(nodes_[id])); }

NodeId Document::Add(Node node) {
  nodes_.push_back(std::move(node));
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::optional<NodeId> Document::Find(NodeId map, std::string_view key) const {
  if (nodes_[map].kind != NodeKind::kMap) return std::nullopt;
  for (const Entry& entry : nodes_[map].entries) {
    if (nodes_[entry.key].text == key) return entry.value;
  }
  return std::nullopt;
}

void Document::Set(NodeId map, std::string_view key, NodeId value) {
  for (Entry& entry : nodes_[map].entries) {
    if (nodes_[entry.key].text != key) continue;
    entry.value = value;
    return;
  }
  const NodeId key_id =
      AddScalar(sources_[nodes_[value].source].name, std::string(key), /*quoted=*/true);
  nodes_[map].entries.push_back({key_id, value});
}

std::string Document::Where(NodeId id) const {
  const Node& node = nodes_[id];
  const DocumentSource& source = sources_[node.source];
  const LocatedText place{.text = "",
                          .origin = source.name,
                          .in_file = source.is_file,
                          .anchors = {{0, node.line, node.column, false}}};
  return place.Where();
}

LocatedText Document::Located(NodeId id) const {
  const Node& node = nodes_[id];
  const DocumentSource& source = sources_[node.source];
  LocatedText located{node.text, source.name, source.is_file, {}};
  if (source.text.empty()) {
    located.anchors = {{}};
  } else {
    located.anchors =
        FindScalarPlaces(source.text, node.begin, node.line, node.column, node.text).anchors;
  }
  return located;
}

}  // namespace spillway::spec
