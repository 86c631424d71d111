#include "spec/spec_reader.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "spec/scalar_value.h"
#include "spec/spec_keys.h"
#include "spec/value_reader.h"

namespace spillway::spec {
namespace {

constexpr std::string_view kVariables = "variables";

// Refuses the second of two equal names.
Status AddUnique(std::set<std::string>& names, std::string_view key, const LocatedText& name) {
  if (names.insert(name.text).second) return Status::OK();
  return MakeError({.code = ErrorCode::kDuplicateKey,
                    .what = fmt::format("\"{}\" appears twice in \"{}\"", name.text, key),
                    .where = name.Where(),
                    .cure = "keep one of the two"});
}

class SpecReader {
 public:
  SpecReader(const Document& document, const std::map<std::string, std::string>& environment)
      : document_(document), values_(document, environment) {}

  Result<Spec> Read(NodeId root) {
    // Every other key may use the variables, wherever they stand in the file.
    if (const std::optional<NodeId> variables = document_.Find(root, kVariables)) {
      if (!IsNull(*variables)) ARROW_RETURN_NOT_OK(ReadVariables(*variables));
    }
    ARROW_RETURN_NOT_OK(ReadSection("", root, {.spec = &spec_}));
    ARROW_RETURN_NOT_OK(CheckTarget(root));
    ARROW_RETURN_NOT_OK(CheckChunkOrder(root));
    return std::move(spec_);
  }

 private:
  bool IsNull(NodeId id) const { return document_.node(id).kind == NodeKind::kNull; }

  Status ReadSection(const std::string& section, NodeId id, const FieldOwner& owner) {
    const std::string shown = section.empty() ? "the pipeline file" : section;
    const Node& node = document_.node(id);
    if (node.kind != NodeKind::kMap && !(section.empty() && IsNull(id))) {
      return values_.WrongType(shown, id, "a map of keys");
    }
    std::set<std::string_view> given;
    for (const Entry& entry : node.entries) {
      const std::string& name = document_.node(entry.key).text;
      const Key* key = FindKey(JoinPath(section, name));
      if (key == nullptr) return UnknownKey(section, name, document_.Where(entry.key));
      if (IsNull(entry.value)) continue;  // as if it were not there
      given.insert(key->path);
      ARROW_RETURN_NOT_OK(ReadValue(*key, entry.value, owner));
    }
    ARROW_RETURN_NOT_OK(CheckOrder(section, id, owner));
    for (const Key* key : KeysOf(section)) {
      if (!key->required || given.contains(key->path)) continue;
      return MakeError({.code = ErrorCode::kMissingKey,
                        .what = fmt::format("\"{}\" is missing", key->path),
                        .where = document_.Where(id),
                        .why = std::string(key->description),
                        .cure = fmt::format("add \"{}\" here", LastName(key->path))});
    }
    return CheckVersion(section, id);
  }

  Status ReadValue(const Key& key, NodeId id, const FieldOwner& owner) {
    switch (key.type) {
      case ValueType::kSection:
        return ReadSection(std::string(key.path), id, owner);
      case ValueType::kSectionList:
        return key.path == "lookups"
                   ? ReadItems(key, id, &FieldOwner::lookup, spec_.lookups)
                   : ReadItems(key, id, &FieldOwner::expectation, spec_.expectations);
      case ValueType::kKeyColumns:
        return ReadKeyColumns(key, id, *owner.lookup);
      case ValueType::kColumnNames:
        return ReadColumnNames(key, id, spec_.drop);
      case ValueType::kExpressionMap:
        return ReadExpressions(key, id, spec_.columns);
      case ValueType::kLookupColumns:
        return ReadLookupColumns(key, id, owner.lookup->columns);
      case ValueType::kVariableMap:
        return Status::OK();  // read before
      case ValueType::kRenameMap:
        return ReadRenames(key, id, owner.lookup ? owner.lookup->table : spec_.source);
      case ValueType::kPropertyMap:
        return ReadProperties(key, id);
      case ValueType::kByteSize:
        return ReadByteSize(key, id, owner);
      case ValueType::kInteger:
        if (IsWordOf(key, document_.node(id))) return Status::OK();
        return Assign(values_.Integer(key, id), key, owner);
      case ValueType::kName:
        return Assign(values_.Name(key.path, id), key, owner);
      case ValueType::kColumnName:
        return Assign(values_.ColumnName(key.path, id), key, owner);
      case ValueType::kPath:
        return Assign(values_.Path(key.path, id), key, owner);
      case ValueType::kExpression:
        return Assign(values_.Expression(key.path, id), key, owner);
      case ValueType::kTimestamp:
        return Assign(values_.Timestamp(key.path, id), key, owner);
      case ValueType::kBoolean:
        return Assign(values_.Boolean(key.path, id), key, owner);
      case ValueType::kCompression:
        return Assign(values_.ReadCompressionValue(key.path, id), key, owner);
      case ValueType::kChoice:
        return ReadChoice(key, id, owner);
    }
    return Status::OK();
  }

  static bool IsWordOf(const Key& key, const Node& node) {
    return node.kind == NodeKind::kScalar &&
           std::ranges::find(key.choices, node.text) != key.choices.end();
  }

  // Writes a value to the key's field, which holds that type or an optional of it.
  template <typename Value>
  Status Assign(Result<Value> value, const Key& key, const FieldOwner& owner) {
    ARROW_RETURN_NOT_OK(value.status());
    using Plain = Value& (*)(const FieldOwner&);
    using Optional = std::optional<Value>& (*)(const FieldOwner&);
    std::visit(
        [&](auto field) {
          using Accessor = decltype(field);
          if constexpr (std::is_same_v<Accessor, Plain> || std::is_same_v<Accessor, Optional>) {
            field(owner) = std::move(value).ValueUnsafe();
          }
        },
        key.field);
    return Status::OK();
  }

  Status ReadByteSize(const Key& key, NodeId id, const FieldOwner& owner) {
    if (key.path == "resources.memory") spec_.resources.memory_origin = document_.Where(id);
    return Assign(values_.ByteSize(key.path, id), key, owner);
  }

  Status ReadChoice(const Key& key, NodeId id, const FieldOwner& owner) {
    if (key.path == "processing.chunk_order") {
      spec_.processing.chunk_order_origin = document_.Where(id);
    }
    ARROW_ASSIGN_OR_RAISE(const int choice, values_.Choice(key, id));
    std::get<ChoiceField>(key.field).set(owner, choice);
    return Status::OK();
  }

  Status ReadVariables(NodeId id) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(kVariables, id, NodeKind::kMap, 0, kMostVariables));
    for (const Entry& entry : document_.node(id).entries) {
      const std::string& name = document_.node(entry.key).text;
      if (!IsVariableName(name)) {
        return values_.OutOfRange("a variable's name", entry.key, "it is not a valid name",
                                  "use letters, digits and _, at most 128, no digit first");
      }
      ARROW_ASSIGN_OR_RAISE(Variable value,
                            values_.VariableValue(JoinPath(kVariables, name), entry.value));
      spec_.variables.emplace(name, value);
      values_.DefineVariable(name, std::move(value));
    }
    return Status::OK();
  }

  // A list of maps, which have different names. `owner` is the member that an item's keys fill.
  template <typename Item>
  Status ReadItems(const Key& key, NodeId id, Item* FieldOwner::* owner, std::vector<Item>& items) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kList, 0, key.most_items));
    std::set<std::string> names;
    for (const Entry& entry : document_.node(id).entries) {
      Item item;
      FieldOwner fields{.spec = &spec_};
      fields.*owner = &item;
      ARROW_RETURN_NOT_OK(ReadSection(fmt::format("{}[]", key.path), entry.value, fields));
      ARROW_RETURN_NOT_OK(AddUnique(names, key.path, item.name));
      items.push_back(std::move(item));
    }
    return Status::OK();
  }

  Status ReadKeyColumns(const Key& key, NodeId id, Lookup& lookup) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kList, 1, kMostKeyColumns));
    std::set<std::pair<std::string, std::string>> pairs;
    for (const Entry& entry : document_.node(id).entries) {
      KeyColumn column;
      if (document_.node(entry.value).kind == NodeKind::kMap) {
        ARROW_RETURN_NOT_OK(
            ReadSection("lookups[].key[]", entry.value,
                        {.spec = &spec_, .lookup = &lookup, .key_column = &column}));
      } else {
        ARROW_ASSIGN_OR_RAISE(column.source, values_.ColumnName(key.path, entry.value));
        column.lookup = column.source;
      }
      if (!pairs.emplace(column.source.text, column.lookup.text).second) {
        std::set<std::string> seen = {column.source.text};
        return AddUnique(seen, key.path, column.source);
      }
      lookup.key.push_back(std::move(column));
    }
    return Status::OK();
  }

  Status ReadColumnNames(const Key& key, NodeId id, std::vector<LocatedText>& names) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kList, 0, kMostColumns));
    std::set<std::string> seen;
    for (const Entry& entry : document_.node(id).entries) {
      ARROW_ASSIGN_OR_RAISE(LocatedText name, values_.ColumnName(key.path, entry.value));
      ARROW_RETURN_NOT_OK(AddUnique(seen, key.path, name));
      names.push_back(std::move(name));
    }
    return Status::OK();
  }

  Status ReadExpressions(const Key& key, NodeId id, std::vector<NamedExpression>& expressions) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kMap, 0, kMostColumns));
    for (const Entry& entry : document_.node(id).entries) {
      NamedExpression column;
      ARROW_ASSIGN_OR_RAISE(column.name, values_.MapKey(key.path, entry.key));
      ARROW_ASSIGN_OR_RAISE(column.expression,
                            values_.Expression(JoinPath(key.path, column.name.text), entry.value));
      expressions.push_back(std::move(column));
    }
    return Status::OK();
  }

  Status ReadRenames(const Key& key, NodeId id, InputTable& table) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kMap, 0, kMostColumns));
    std::set<std::string> seen;
    for (const Entry& entry : document_.node(id).entries) {
      Rename rename;
      ARROW_ASSIGN_OR_RAISE(rename.from, values_.MapKey(key.path, entry.key));
      ARROW_ASSIGN_OR_RAISE(rename.to,
                            values_.ColumnName(JoinPath(key.path, rename.from.text), entry.value));
      ARROW_RETURN_NOT_OK(AddUnique(seen, key.path, rename.to));
      table.rename.push_back(std::move(rename));
    }
    return Status::OK();
  }

  Status ReadLookupColumns(const Key& key, NodeId id, LookupColumns& columns) {
    const Node& node = document_.node(id);
    if (node.kind == NodeKind::kList) {
      columns.kind = LookupColumns::Kind::kNames;
      return ReadColumnNames(key, id, columns.names);
    }
    if (node.kind == NodeKind::kMap) {
      columns.kind = LookupColumns::Kind::kExpressions;
      return ReadExpressions(key, id, columns.expressions);
    }
    if (node.text == "*") return Status::OK();
    return values_.WrongType(key.path, id, "\"*\", a list of names or a map of expressions",
                             "write a single column as a list: [name]");
  }

  Status ReadProperties(const Key& key, NodeId id) {
    ARROW_RETURN_NOT_OK(values_.CheckCollection(key.path, id, NodeKind::kMap, 0, kMostProperties));
    for (const Entry& entry : document_.node(id).entries) {
      ARROW_ASSIGN_OR_RAISE(const LocatedText name, values_.MapKey(key.path, entry.key));
      ARROW_ASSIGN_OR_RAISE(std::string value,
                            values_.Property(JoinPath(key.path, name.text), entry.value));
      spec_.target.properties.emplace(name.text, std::move(value));
    }
    return Status::OK();
  }

  Status CheckVersion(const std::string& section, NodeId id) const {
    const std::optional<NodeId> version = document_.Find(id, "version");
    const std::optional<NodeId> timestamp = document_.Find(id, "timestamp");
    if (!version || !timestamp || IsNull(*version) || IsNull(*timestamp)) return Status::OK();
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("\"{}\" has both a version and a timestamp", section),
                      .where = document_.Where(*timestamp),
                      .cure = "keep one of the two"});
  }

  Status CheckOrder(const std::string& section, NodeId id, const FieldOwner& owner) const {
    if (section != "lookups[]" || !owner.lookup->order_by) return Status::OK();
    const DuplicateKeys duplicates = owner.lookup->duplicates;
    if (duplicates == DuplicateKeys::kFirst || duplicates == DuplicateKeys::kLast) {
      return Status::OK();
    }
    return values_.OutOfRange("lookups[].order_by", *document_.Find(id, "order_by"),
                              "only duplicates: first and duplicates: last choose by an order",
                              "add \"duplicates: last\" next to it, or remove it");
  }

  Status CheckTarget(NodeId root) const {
    if (!spec_.target.overwrite_schema || spec_.target.mode == TargetMode::kOverwrite) {
      return Status::OK();
    }
    const NodeId place = *document_.Find(*document_.Find(root, "target"), "overwrite_schema");
    return values_.OutOfRange("target.overwrite_schema", place,
                              "only mode overwrite can replace a table's schema",
                              "add \"mode: overwrite\" next to it, or remove it");
  }

  Status CheckChunkOrder(NodeId root) const {
    if (!spec_.in_key_order() || !spec_.lookups.empty()) return Status::OK();
    const NodeId place = *document_.Find(*document_.Find(root, "processing"), "chunk_order");
    return values_.OutOfRange("processing.chunk_order", place,
                              "rows are sorted by the first lookup's key, and there is no lookup",
                              "write \"source\", or remove it");
  }

  const Document& document_;
  ValueReader values_;
  Spec spec_;
};

}  // namespace

Result<Spec> ReadSpec(const Document& document, NodeId root,
                      const std::map<std::string, std::string>& environment) {
  return SpecReader(document, environment).Read(root);
}

Status UnknownKey(const std::string& section, const std::string& name, const std::string& where) {
  const std::string path = JoinPath(section, name);
  if (IsLaterKey(path)) {
    return MakeError({.code = ErrorCode::kFeatureNotBuilt,
                      .what = fmt::format("\"{}\" is not supported yet", path),
                      .where = where,
                      .why = "ignoring it would not give the result that you asked for",
                      .cure = "remove it"});
  }
  std::vector<std::string> names;
  for (const Key* key : KeysOf(section)) names.emplace_back(LastName(key->path));
  std::string cure = Suggest(name, names);
  if (!Closest(name, names)) {
    for (const Key& key : Keys()) {
      if (LastName(key.path) == name) cure = fmt::format("that key belongs at \"{}\"", key.path);
    }
  }
  if (name.find(')') != std::string::npos) {
    cure = "put the expression before it in double quotes: inside { } a comma ends it";
  }
  const std::string inside = section.empty() ? "" : fmt::format(" in \"{}\"", section);
  return MakeError({.code = ErrorCode::kUnknownKey,
                    .what = fmt::format("unknown key \"{}\"{}", name, inside),
                    .where = where,
                    .cure = std::move(cure)});
}

}  // namespace spillway::spec
