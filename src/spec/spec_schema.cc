#include "spec/spec_schema.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "spec/scalar_value.h"
#include "spec/spec_keys.h"
#include "spec/substitution.h"

namespace spillway::spec {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kLargestByteSize = int64_t{1} << 62;
constexpr std::string_view kNotBlankPattern = "[^ \\t\\r\\n]";

Json Described(Json schema, std::string_view description) {
  schema["description"] = description;
  return schema;
}

Json TextSchema() {
  return {{"type", "string"}, {"pattern", kNotBlankPattern}, {"maxLength", kLongestTextBytes}};
}

Json ColumnNameSchema() {
  return {{"type", "string"}, {"pattern", kNotBlankPattern}, {"maxLength", kLongestColumnName}};
}

Json ExpressionSchema() {
  Json schema = TextSchema();
  schema["type"] = {"string", "number", "boolean"};  // `true` and `1` are Spark SQL too
  return schema;
}

// What is neither a map nor a list nor nothing. Readers of YAML take 2026-01-31 for a date, which
// no JSON type names: so the other types are refused instead.
Json ScalarSchema(std::vector<std::string> refused = {"object", "array", "null"}) {
  return {{"not", {{"type", std::move(refused)}}}, {"maxLength", kLongestTextBytes}};
}

Json MapSchema(Json names, Json values, size_t most) {
  return {{"type", "object"},
          {"propertyNames", std::move(names)},
          {"additionalProperties", std::move(values)},
          {"maxProperties", most}};
}

Json NamesSchema() {
  return {{"type", "array"},
          {"items", ColumnNameSchema()},
          {"maxItems", kMostColumns},
          {"uniqueItems", true}};
}

Json ExpressionMapSchema() {
  return MapSchema(ColumnNameSchema(), ExpressionSchema(), kMostColumns);
}

Json IntegerSchema(const Key& key) {
  Json number = {{"type", "integer"}, {"minimum", key.minimum}, {"maximum", key.maximum}};
  if (key.maximum < 1000) return number;
  // 1_000_000 is text for a reader of YAML 1.2.
  return {{"anyOf", {number, {{"type", "string"}, {"pattern", kGroupedIntegerPattern}}}}};
}

Json ByteSizeSchema() {
  return {{"anyOf",
           {{{"type", "integer"}, {"minimum", 1}, {"maximum", kLargestInteger}},
            {{"type", "string"}, {"pattern", kByteSizePattern}}}}};
}

Json TimestampSchema() {
  Json schema = ScalarSchema({"object", "array", "null", "number", "boolean"});
  schema["anyOf"] = {{{"pattern", kTimestampPattern}}, {{"pattern", "\\$"}}};
  return schema;
}

// The order of the key wants a lookup, whose key it is.
Json KeyOrderSchema() {
  const Json in_key_order = {{"type", "object"},
                             {"required", {"chunk_order"}},
                             {"properties", {{"chunk_order", {{"const", "key"}}}}}};
  const Json not_empty = {{"type", "array"}, {"minItems", 1}};
  return {{"if", {{"required", {"processing"}}, {"properties", {{"processing", in_key_order}}}}},
          {"then", {{"required", {"lookups"}}, {"properties", {{"lookups", not_empty}}}}}};
}

Json SectionSchema(std::string_view section);

Json TypeSchema(const Key& key) {
  switch (key.type) {
    case ValueType::kSection:
      return SectionSchema(key.path);
    case ValueType::kSectionList:
      return {{"type", "array"},
              {"items", SectionSchema(fmt::format("{}[]", key.path))},
              {"maxItems", key.most_items}};
    case ValueType::kKeyColumns:
      return {{"type", "array"},
              {"items", {{"anyOf", {ColumnNameSchema(), SectionSchema("lookups[].key[]")}}}},
              {"minItems", 1},
              {"maxItems", kMostKeyColumns},
              {"uniqueItems", true}};
    case ValueType::kName:
      return {{"type", "string"}, {"pattern", kNamePattern}};
    case ValueType::kColumnName:
      return ColumnNameSchema();
    case ValueType::kColumnNames:
      return NamesSchema();
    case ValueType::kPath:
      return TextSchema();
    case ValueType::kTimestamp:
      return TimestampSchema();
    case ValueType::kExpression:
      return ExpressionSchema();
    case ValueType::kExpressionMap:
      return ExpressionMapSchema();
    case ValueType::kLookupColumns:
      return {{"anyOf", {{{"const", "*"}}, NamesSchema(), ExpressionMapSchema()}}};
    case ValueType::kVariableMap: {
      Json values = ScalarSchema();
      const Json uses_variable = {{"type", "string"}, {"pattern", "\\$\\{"}};
      values["not"] = {{"anyOf", {values["not"], uses_variable}}};
      return MapSchema({{"pattern", kVariableNamePattern}}, std::move(values), kMostVariables);
    }
    case ValueType::kRenameMap:
      return MapSchema(ColumnNameSchema(), ColumnNameSchema(), kMostColumns);
    case ValueType::kPropertyMap:
      return MapSchema(ColumnNameSchema(), ScalarSchema(), kMostProperties);
    case ValueType::kInteger:
      if (key.choices.empty()) return IntegerSchema(key);
      return {{"anyOf", {IntegerSchema(key), {{"enum", key.choices}}}}};
    case ValueType::kByteSize:
      return ByteSizeSchema();
    case ValueType::kBoolean:
      return {{"type", "boolean"}};
    case ValueType::kChoice:
      return {{"enum", key.choices}};
    case ValueType::kCompression:
      return {{"type", "string"}, {"pattern", kCompressionPattern}};
  }
  return Json::object();
}

// What Spec{} has for the key; none where it has nothing.
std::optional<Json> DefaultOf(const Key& key) {
  if (key.type == ValueType::kLookupColumns) return Json("*");
  Spec spec;
  Lookup lookup;
  KeyColumn key_column;
  Expectation expectation;
  const FieldOwner owner{&spec, &lookup, &key_column, &expectation};
  return std::visit(
      [&](auto field) -> std::optional<Json> {
        using Accessor = decltype(field);
        if constexpr (std::is_same_v<Accessor, ChoiceField>) {
          return Json(key.choices[static_cast<size_t>(field.get(owner))]);
        } else if constexpr (std::is_same_v<Accessor, int64_t& (*)(const FieldOwner&)> ||
                             std::is_same_v<Accessor, bool& (*)(const FieldOwner&)>) {
          return Json(field(owner));
        } else if constexpr (std::is_same_v<Accessor, Compression& (*)(const FieldOwner&)>) {
          return Json("keep");
        } else {
          return std::nullopt;
        }
      },
      key.field);
}

// An optional key may also be null, which means that it is not given.
Json KeySchema(const Key& key) {
  Json schema = TypeSchema(key);
  if (!key.required) schema = {{"anyOf", {std::move(schema), {{"type", "null"}}}}};
  if (const std::optional<Json> value = DefaultOf(key)) schema["default"] = *value;
  return Described(std::move(schema), key.description);
}

Json GivenSchema() { return {{"not", {{"type", "null"}}}}; }

Json NotBothSchema() {
  const Json given = GivenSchema();
  return {{"not",
           {{"required", {"version", "timestamp"}},
            {"properties", {{"version", given}, {"timestamp", given}}}}}};
}

Json OverwriteSchemaSchema() {
  return {{"if",
           {{"required", {"overwrite_schema"}},
            {"properties", {{"overwrite_schema", {{"const", true}}}}}}},
          {"then", {{"required", {"mode"}}, {"properties", {{"mode", {{"const", "overwrite"}}}}}}}};
}

Json OrderBySchema() {
  return {{"if", {{"required", {"order_by"}}, {"properties", {{"order_by", GivenSchema()}}}}},
          {"then",
           {{"required", {"duplicates"}},
            {"properties", {{"duplicates", {{"enum", {"first", "last"}}}}}}}}};
}

Json SectionSchema(std::string_view section) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key* key : KeysOf(section)) {
    properties[std::string(LastName(key->path))] = KeySchema(*key);
    if (key->required) required.push_back(LastName(key->path));
  }
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (properties.contains("timestamp")) schema.update(NotBothSchema());
  if (properties.contains("overwrite_schema")) schema.update(OverwriteSchemaSchema());
  if (properties.contains("order_by")) schema.update(OrderBySchema());
  schema["properties"] = std::move(properties);
  return schema;
}

}  // namespace

std::string SchemaJson() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "Spillway pipeline file"}};
  schema.update(SectionSchema(""));
  schema.update(KeyOrderSchema());
  return schema.dump(2) + "\n";
}

}  // namespace spillway::spec
