#include "cli/output_schema.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/output_fields.h"

namespace spillway::cli {
namespace {

using nlohmann::ordered_json;

// "integer|null" as {"type": ["integer", "null"]}.
ordered_json TypeSchema(std::string_view type) {
  constexpr std::string_view kOrNull = "|null";
  constexpr std::string_view kListOf = "list of ";
  constexpr std::string_view kMapOf = "map of ";
  if (type == "any") return ordered_json::object();
  if (type.ends_with(kOrNull)) {
    ordered_json schema = TypeSchema(type.substr(0, type.size() - kOrNull.size()));
    schema["type"] = ordered_json::array({schema["type"], "null"});
    return schema;
  }
  if (type.starts_with(kListOf)) {
    return {{"type", "array"}, {"items", TypeSchema(type.substr(kListOf.size()))}};
  }
  if (type.starts_with(kMapOf)) {
    return {{"type", "object"}, {"additionalProperties", TypeSchema(type.substr(kMapOf.size()))}};
  }
  return {{"type", type == "list" ? "array" : std::string(type)}};
}

// Makes `schema` one of an object without fields as yet, if it is not one already.
ordered_json& AsObject(ordered_json& schema) {
  if (!schema.contains("properties")) {
    if (!schema.contains("type")) schema["type"] = "object";
    schema["properties"] = ordered_json::object();
    schema["required"] = ordered_json::array();
    schema["additionalProperties"] = false;
  }
  return schema;
}

// The schema of the object in which the last name of `path` is a field; takes the names before it
// off `path`.
ordered_json& Owner(ordered_json& root, std::string_view* path) {
  constexpr std::string_view kItems = "[]";
  ordered_json* schema = &root;
  for (size_t point = path->find('.'); point != std::string_view::npos; point = path->find('.')) {
    std::string_view name = path->substr(0, point);
    const bool is_list = name.ends_with(kItems);
    if (is_list) name.remove_suffix(kItems.size());
    schema = &AsObject(*schema)["properties"][std::string(name)];
    if (is_list) schema = &(*schema)["items"];
    path->remove_prefix(point + 1);
  }
  return AsObject(*schema);
}

void AddField(ordered_json& root, const OutputField& field) {
  std::string_view name = field.path;
  ordered_json& owner = Owner(root, &name);
  const bool is_optional = name.ends_with('?');
  if (is_optional) name.remove_suffix(1);
  ordered_json schema = TypeSchema(field.type);
  schema["description"] = field.description;
  owner["properties"][std::string(name)] = std::move(schema);
  if (!is_optional) owner["required"].push_back(name);
}

}  // namespace

std::vector<std::string> OutputNames() {
  std::vector<std::string> names;
  for (const Output& output : Outputs()) names.emplace_back(output.name);
  return names;
}

std::string OutputSchemaJson(std::string_view name) {
  const auto output = std::ranges::find(Outputs(), name, &Output::name);
  ordered_json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                      {"title", std::string("spillway ") + std::string(name)},
                      {"description", output->description},
                      {"type", "object"}};
  for (const OutputField& field : output->fields) AddField(schema, field);
  return schema.dump(2);
}

}  // namespace spillway::cli
