#include "spec/overrides.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "spec/scalar_value.h"
#include "spec/spec_keys.h"
#include "spec/spec_reader.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

constexpr std::string_view kPrefix = "SPILLWAY_";
constexpr std::string_view kShortMemory = "SPILLWAY_MEMORY";
constexpr std::string_view kVariablePrefix = "SPILLWAY_VARIABLES_";
constexpr size_t kSlip = 2;  // edits between a variable's name and the one that was meant

std::string Capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '.') c = '_';
  }
  return capitals;
}

std::string EnvironmentName(std::string_view path) { return std::string(kPrefix) + Capitals(path); }

bool InsideList(std::string_view path) { return path.find("[]") != std::string_view::npos; }

// The name of the pipeline's variable that SPILLWAY_VARIABLES_<capitals> means: one that the file
// defines, else the name in small letters.
std::string VariableName(std::string_view capitals, const Document& document, NodeId root) {
  if (const std::optional<NodeId> variables = document.Find(root, "variables")) {
    for (const Entry& entry : document.node(*variables).entries) {
      const std::string& name = document.node(entry.key).text;
      if (document.node(*variables).kind == NodeKind::kMap &&
          Capitals(name) == Capitals(capitals)) {
        return name;
      }
    }
  }
  std::string name(capitals);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// The key that an environment variable sets; none where its name is nobody's.
std::optional<std::string> PathOf(std::string_view name, const Document& document, NodeId root) {
  if (name == kShortMemory) return "resources.memory";
  if (name.starts_with(kVariablePrefix) && name.size() > kVariablePrefix.size()) {
    return JoinPath("variables", VariableName(name.substr(kVariablePrefix.size()), document, root));
  }
  for (const Key& key : Keys()) {
    if (!InsideList(key.path) && EnvironmentName(key.path) == name) return std::string(key.path);
  }
  return std::nullopt;
}

// Refuses a variable that sets no key but looks as if it were to.
Status CheckStranger(const std::string& name) {
  for (const LaterKey& key : LaterKeys()) {
    if (!key.value.empty() || EnvironmentName(key.path) != name) continue;
    return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                      .what = fmt::format("\"{}\" is not supported yet", key.path),
                      .where = "environment " + name,
                      .cure = "unset the variable"});
  }
  std::vector<std::string> names = {std::string(kShortMemory)};
  bool in_section = false;
  for (const Key& key : Keys()) {
    if (InsideList(key.path)) continue;
    names.push_back(EnvironmentName(key.path));
    const bool nested = key.type == ValueType::kSection || key.type == ValueType::kSectionList ||
                        key.type == ValueType::kPropertyMap;
    in_section = in_section || (nested && name.starts_with(names.back() + "_"));
  }
  const std::optional<std::string> closest = Closest(name, names);
  if (!in_section && (!closest || EditDistance(name, *closest) > kSlip)) return Status::OK();
  return MakeError(
      {.code = ErrorCode::kUnknownKey,
       .what = fmt::format("the environment variable {} is not a known setting", name),
       .where = "environment " + name,
       .cure = closest ? "write " + *closest
                       : "use --set for keys inside lists and maps, or unset the variable"});
}

// The text of the next name of a path, up to a point; moves `path` behind it.
std::string_view TakeName(std::string_view& path) {
  const size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
  return name;
}

bool IsFreeMap(ValueType type) {
  return type == ValueType::kVariableMap || type == ValueType::kPropertyMap ||
         type == ValueType::kRenameMap || type == ValueType::kExpressionMap ||
         type == ValueType::kLookupColumns;
}

bool IsCollection(ValueType type) {
  return IsFreeMap(type) || type == ValueType::kSection || type == ValueType::kSectionList ||
         type == ValueType::kKeyColumns || type == ValueType::kColumnNames;
}

// Whether a value of the key is text even if it looks like a number.
bool IsText(ValueType type) {
  return type == ValueType::kName || type == ValueType::kColumnName || type == ValueType::kPath ||
         type == ValueType::kTimestamp || type == ValueType::kChoice ||
         type == ValueType::kCompression || type == ValueType::kExpression;
}

class Editor {
 public:
  Editor(Document& document, const Override& change) : document_(document), change_(change) {}

  Status Apply(NodeId root) {
    std::string_view rest = change_.path;
    NodeId place = root;
    std::string section;
    while (true) {
      const std::string name(TakeName(rest));
      const Key* key = FindKey(JoinPath(section, name));
      if (key == nullptr) return UnknownKey(section, name, change_.origin);
      section = key->path;
      if (rest.empty()) return SetValue(place, name, key->type);
      if (IsFreeMap(key->type)) {
        ARROW_ASSIGN_OR_RAISE(place, Descend(place, name));
        return SetEntry(place, std::string(rest), key->type);
      }
      if (key->type == ValueType::kSectionList) {
        ARROW_ASSIGN_OR_RAISE(place, DescendToItem(place, name, std::string(TakeName(rest))));
        section += "[]";
        if (rest.empty()) {
          return Misplaced(fmt::format("name a key below it: {}.NAME.{}", key->path,
                                       LastName(KeysOf(section)[1]->path)));
        }
      } else if (key->type == ValueType::kSection) {
        ARROW_ASSIGN_OR_RAISE(place, Descend(place, name));
      } else {
        return Misplaced(fmt::format("\"{}\" has no keys below it", key->path));
      }
    }
  }

 private:
  Status Misplaced(std::string cure) const {
    return MakeError({.code = ErrorCode::kUnknownKey,
                      .what = fmt::format("unknown key \"{}\"", change_.path),
                      .where = change_.origin,
                      .cure = std::move(cure)});
  }

  // The map at entry `name`, not shared with anybody; made where there is none.
  Result<NodeId> Descend(NodeId map, const std::string& name) {
    const std::optional<NodeId> found = document_.Find(map, name);
    NodeId own = 0;
    if (!found || document_.node(*found).kind == NodeKind::kNull) {
      own = document_.AddEmpty(change_.origin, NodeKind::kMap);
    } else if (document_.node(*found).kind == NodeKind::kMap) {
      own = document_.AddCopy(*found);
    } else {
      return NotAMap(name, *found);
    }
    document_.Set(map, name, own);
    return own;
  }

  Status NotAMap(const std::string& name, NodeId id) const {
    return MakeError(
        {.code = ErrorCode::kWrongValueType,
         .what = fmt::format("\"{}\" is not a map, so {} cannot be set in it", name, change_.path),
         .where = document_.Where(id),
         .why = fmt::format("{} sets a key below it", change_.origin)});
  }

  // The item named `wanted` of the list at entry `list_name`, not shared with anybody.
  Result<NodeId> DescendToItem(NodeId map, const std::string& list_name,
                               const std::string& wanted) {
    const std::optional<NodeId> found = document_.Find(map, list_name);
    std::vector<std::string> names;
    if (found && document_.node(*found).kind == NodeKind::kList) {
      const NodeId list = document_.AddCopy(*found);
      document_.Set(map, list_name, list);
      for (size_t i = 0; i < document_.node(list).entries.size(); ++i) {
        const NodeId item = document_.node(list).entries[i].value;
        const std::optional<NodeId> name = document_.Find(item, "name");
        if (!name) continue;
        names.push_back(document_.node(*name).text);
        if (names.back() != wanted) continue;
        const NodeId own = document_.AddCopy(item);
        document_.node(list).entries[i] = {own, own};
        return own;
      }
    }
    return MakeError({.code = ErrorCode::kUnknownKey,
                      .what = fmt::format("\"{}\" has no item named \"{}\"", list_name, wanted),
                      .where = change_.origin,
                      .cure = Suggest(wanted, names)});
  }

  Status SetValue(NodeId map, const std::string& name, ValueType type) {
    const std::string& value = change_.value;
    if (KindOfPlain(value) == PlainKind::kNull) {
      document_.Set(map, name, document_.AddEmpty(change_.origin, NodeKind::kNull));
      return Status::OK();
    }
    if (IsCollection(type) && value != "*") {
      ARROW_ASSIGN_OR_RAISE(const NodeId id, document_.AddYaml(change_.origin, value, false));
      document_.Set(map, name, id);
      return Status::OK();
    }
    document_.Set(map, name,
                  document_.AddScalar(change_.origin, value, IsText(type) || value == "*"));
    return Status::OK();
  }

  // An entry of variables, properties or columns, whose names are free.
  Status SetEntry(NodeId map, const std::string& name, ValueType type) {
    const std::string& value = change_.value;
    const bool quoted_by_user = value.starts_with('"') || value.starts_with('\'');
    if (type == ValueType::kVariableMap && quoted_by_user) {
      ARROW_ASSIGN_OR_RAISE(const NodeId id, document_.AddYaml(change_.origin, value, false));
      document_.Set(map, name, id);
      return Status::OK();
    }
    const bool is_text = type != ValueType::kVariableMap || value.empty();
    document_.Set(map, name, document_.AddScalar(change_.origin, value, is_text));
    return Status::OK();
  }

  Document& document_;
  const Override& change_;
};

}  // namespace

Result<std::vector<Override>> EnvironmentOverrides(
    const std::map<std::string, std::string>& environment, const Document& document, NodeId root) {
  std::vector<Override> overrides;
  for (auto at = environment.lower_bound(std::string(kPrefix)); at != environment.end(); ++at) {
    const auto& [name, value] = *at;
    if (!name.starts_with(kPrefix)) break;
    if (value.empty()) continue;
    const std::optional<std::string> path = PathOf(name, document, root);
    if (!path) {
      ARROW_RETURN_NOT_OK(CheckStranger(name));
      continue;
    }
    for (const Override& other : overrides) {
      if (other.path != *path) continue;
      return MakeError({.code = ErrorCode::kDuplicateKey,
                        .what = fmt::format("two environment variables set \"{}\"", *path),
                        .where = "environment " + name,
                        .why = other.origin + " sets it too",
                        .cure = "unset one of the two"});
    }
    overrides.push_back({*path, value, "environment " + name});
  }
  // A whole map before its entries, so that the entries last.
  std::stable_sort(overrides.begin(), overrides.end(), [](const Override& a, const Override& b) {
    return std::count(a.path.begin(), a.path.end(), '.') <
           std::count(b.path.begin(), b.path.end(), '.');
  });
  return overrides;
}

Status ApplyOverride(Document& document, NodeId root, const Override& change) {
  if (!IsUtf8(change.path) || !IsUtf8(change.value)) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = "the text is not UTF-8",
                      .where = change.origin,
                      .cure = "write it in UTF-8"});
  }
  return Editor(document, change).Apply(root);
}

}  // namespace spillway::spec
