#include "spec/yaml_reader.h"

#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/error.h"
#include "base/units.h"
#include "spec/scalar_places.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

struct Place {
  size_t position = 0;
  int line = 1;
  int column = 1;
};

// Turns bytes into lines and columns; linear over a document whose places are asked for in order.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_(text) {}

  Place Find(size_t position) {
    position = std::min(position, text_.size());
    if (position < place_.position) place_ = {};
    while (place_.position < position) {
      const char c = text_[place_.position++];
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if (place_.position == text_.size() || BeginsCharacter(text_[place_.position])) {
        ++place_.column;
      }
    }
    return place_;
  }

 private:
  std::string_view text_;
  Place place_;
};

std::string WhereOf(const DocumentSource& source, const Place& place) {
  if (!source.is_file) return fmt::format("{}, character {}", source.name, place.column);
  return fmt::format("{}:{}:{}", source.name, place.line, place.column);
}

// Builds the tree from yaml-cpp's events. After the first failure it ignores what follows.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const DocumentSource& source) : source_(source), places_(source.text) {}

  const Status& status() const { return status_; }
  YamlTree TakeTree() {
    if (tree_.nodes.empty()) tree_.nodes.emplace_back();
    return std::move(tree_);
  }
  Status SyntaxError(int position, std::string what, std::string cure = "") {
    const Place place = places_.Find(position < 0 ? 0 : static_cast<size_t>(position));
    return MakeError({.code = ErrorCode::kPipelineFileSyntax,
                      .what = std::move(what),
                      .where = WhereOf(source_, place),
                      .cure = std::move(cure)});
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      Fail(SyntaxError(mark.pos, "a second YAML document begins here",
                       "keep one pipeline per file"));
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    AddNode(mark, "?", anchor, {.kind = NodeKind::kNull, .text = {}, .entries = {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!";
    const std::optional<NodeId> id =
        AddNode(mark, tag, anchor,
                {.kind = NodeKind::kScalar, .quoted = quoted, .text = value, .entries = {}});
    if (id && quoted) CheckClosed(mark, *id);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, AddNode(mark, tag, anchor, {.kind = NodeKind::kList, .text = {}, .entries = {}}));
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, AddNode(mark, tag, anchor, {.kind = NodeKind::kMap, .text = {}, .entries = {}}));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapEnd() override { Close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!status_.ok()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      return Fail(SyntaxError(mark.pos, "an alias is used before its anchor"));
    }
    for (const Frame& frame : open_) {
      if (frame.node == found->second) {
        return Fail(SyntaxError(mark.pos, "an alias refers to the value that contains it"));
      }
    }
    if (ExpectsKey()) return Fail(SyntaxError(mark.pos, "an alias cannot be a key"));
    Attach(found->second);
  }

 private:
  // A list or map whose end has not come yet.
  struct Frame {
    NodeId node = 0;
    std::optional<NodeId> key;           // a map's, waiting for its value
    std::map<std::string, NodeId> keys;  // a map's keys so far
  };

  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  bool ExpectsKey() const {
    return !open_.empty() && tree_.nodes[open_.back().node].kind == NodeKind::kMap &&
           !open_.back().key;
  }

  std::optional<NodeId> AddNode(const YAML::Mark& mark, const std::string& tag,
                                YAML::anchor_t anchor, Node node) {
    if (!status_.ok()) return std::nullopt;
    if (!tag.empty() && tag != "?" && tag != "!") {
      Fail(SyntaxError(mark.pos, "YAML tags are not supported in this file", "remove the tag"));
      return std::nullopt;
    }
    const Place place = places_.Find(static_cast<size_t>(mark.pos));
    node.begin = place.position;
    node.line = place.line;
    node.column = place.column;
    const auto id = static_cast<NodeId>(tree_.nodes.size());
    tree_.nodes.push_back(std::move(node));
    if (anchor != YAML::NullAnchor) anchors_[anchor] = id;
    if (ExpectsKey()) {
      AddKey(mark, id);
    } else {
      Attach(id);
    }
    return status_.ok() ? std::optional(id) : std::nullopt;
  }

  void AddKey(const YAML::Mark& mark, NodeId id) {
    const Node& key = tree_.nodes[id];
    if (key.kind != NodeKind::kScalar) {
      return Fail(SyntaxError(mark.pos, "a key must be text"));
    }
    if (key.text == "<<" && !key.quoted) {
      return Fail(MakeError({.code = ErrorCode::kUnknownKey,
                             .what = "merge keys (<<) are not supported in the pipeline file",
                             .where = WhereOf(source_, {0, key.line, key.column}),
                             .cure = "write the keys out; an alias (*name) as a value is fine"}));
    }
    Frame& frame = open_.back();
    const auto [first, added] = frame.keys.try_emplace(key.text, id);
    if (!added) {
      const Node& earlier = tree_.nodes[first->second];
      return Fail(
          MakeError({.code = ErrorCode::kDuplicateKey,
                     .what = fmt::format("the key \"{}\" appears twice", key.text),
                     .where = WhereOf(source_, {0, key.line, key.column}),
                     .why = fmt::format("it is also at {}",
                                        WhereOf(source_, {0, earlier.line, earlier.column})),
                     .cure = "keep one of the two"}));
    }
    frame.key = id;
  }

  // Hands a value to the list or map that is open, or makes it the root.
  void Attach(NodeId id) {
    if (open_.empty()) {
      tree_.root = id;
      return;
    }
    Frame& frame = open_.back();
    tree_.nodes[frame.node].entries.push_back({frame.key.value_or(id), id});
    frame.key.reset();
  }

  void Open(const YAML::Mark& mark, std::optional<NodeId> id) {
    if (!id) return;
    if (open_.size() >= static_cast<size_t>(kDeepestNesting)) {
      return Fail(SyntaxError(
          mark.pos,
          fmt::format("lists and maps are nested more than {} levels deep", kDeepestNesting)));
    }
    open_.push_back({*id, std::nullopt, {}});
  }

  void Close() {
    if (status_.ok()) open_.pop_back();
  }

  // yaml-cpp takes the end of the document for the closing quote.
  void CheckClosed(const YAML::Mark& mark, NodeId id) {
    const Node& node = tree_.nodes[id];
    const ScalarPlaces found =
        FindScalarPlaces(source_.text, node.begin, node.line, node.column, node.text);
    if (!found.closed) Fail(SyntaxError(mark.pos, "a quote is opened here and never closed"));
  }

  const DocumentSource& source_;
  PlaceFinder places_;
  YamlTree tree_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, NodeId> anchors_;
  int documents_ = 0;
  Status status_;
};

std::string CureOf(const std::string& message) {
  if (message.find("tab") != std::string::npos) return "indent with spaces";
  if (message.find("anchor") != std::string::npos) return "put text that begins with * in quotes";
  if (message.find("map value") != std::string::npos) {
    return "put text that has a colon and a space in quotes";
  }
  if (message.find("flow") != std::string::npos) {
    return "close the [ or {, and put text that has a bracket or ${..} in quotes";
  }
  return "";
}

}  // namespace

Result<std::string> NormalizeYaml(const DocumentSource& source, std::string_view text) {
  if (text.size() > kLargestDocumentBytes) {
    return MakeError({.code = ErrorCode::kPipelineFileUnreadable,
                      .what = fmt::format("the pipeline file is larger than {}",
                                          FormatByteSize(kLargestDocumentBytes)),
                      .where = source.name});
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string normal;
  normal.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool line_end = text[i] == '\r';
    if (line_end && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    normal += line_end ? '\n' : text[i];
  }
  PlaceFinder places(normal);
  for (size_t i = 0; i < normal.size(); ++i) {
    if (static_cast<unsigned char>(normal[i]) >= 0x20 || normal[i] == '\n' || normal[i] == '\t') {
      continue;
    }
    return MakeError({.code = ErrorCode::kPipelineFileSyntax,
                      .what = "the text contains a control character",
                      .where = WhereOf(source, places.Find(i)),
                      .cure = "remove it, or write it as \\x.. inside double quotes"});
  }
  if (!IsUtf8(normal)) {
    return MakeError({.code = ErrorCode::kPipelineFileSyntax,
                      .what = "the text is not UTF-8",
                      .where = source.name,
                      .cure = "save it as UTF-8"});
  }
  return normal;
}

Result<YamlTree> ReadYaml(const DocumentSource& source) {
  TreeBuilder builder(source);
  try {
    std::istringstream stream(source.text);
    YAML::Parser parser(stream);
    while (builder.status().ok() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    ARROW_RETURN_NOT_OK(builder.status());
    return builder.SyntaxError(error.mark.pos, "the text is not valid YAML: " + error.msg,
                               CureOf(error.msg));
  } catch (const std::exception& error) {
    return builder.SyntaxError(0, fmt::format("the text is not valid YAML: {}", error.what()));
  }
  ARROW_RETURN_NOT_OK(builder.status());
  return builder.TakeTree();
}

}  // namespace spillway::spec
