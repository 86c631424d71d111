// Holds the schema, the key table and the parser together: whatever document a random walk makes,
// parser and schema agree on it. The schema is judged by a validator of the part of draft 7 that it
// uses, written here; test/test_schema.py does the same with the jsonschema package.
#include "spec/spec_schema.h"

#include <map>
#include <random>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "spec/spec_keys.h"
#include "spec/spec_parser.h"
#include "spec/utf8.h"

namespace spillway::spec {
namespace {

using Json = nlohmann::ordered_json;

bool IsType(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  ADD_FAILURE() << "unknown type " << type;
  return false;
}

bool Accepts(const Json& schema, const Json& value);

bool AcceptsAny(const Json& schemas, const Json& value) {
  for (const Json& schema : schemas) {
    if (Accepts(schema, value)) return true;
  }
  return false;
}

bool HasType(const Json& types, const Json& value) {
  if (types.is_string()) return IsType(value, types);
  for (const Json& type : types) {
    if (IsType(value, type)) return true;
  }
  return false;
}

bool MatchesPattern(const std::string& text, const std::string& pattern) {
  static std::map<std::string, std::regex> compiled;  // compiling is what costs the time
  const auto found = compiled.try_emplace(pattern, pattern).first;
  return std::regex_search(text, found->second);
}

bool AcceptsString(const std::string& keyword, const Json& rule, const Json& value) {
  if (!value.is_string()) return true;
  const std::string text = value;
  if (keyword == "maxLength") return CountCharacters(text) <= rule.get<size_t>();
  return MatchesPattern(text, rule);
}

bool AcceptsArray(const std::string& keyword, const Json& rule, const Json& value) {
  if (!value.is_array()) return true;
  if (keyword == "minItems") return value.size() >= rule.get<size_t>();
  if (keyword == "maxItems") return value.size() <= rule.get<size_t>();
  if (keyword == "uniqueItems")
    return std::set<Json>(value.begin(), value.end()).size() == value.size();
  for (const Json& item : value) {
    if (!Accepts(rule, item)) return false;
  }
  return true;
}

bool AcceptsObject(const std::string& keyword, const Json& rule, const Json& value,
                   const Json& schema) {
  if (!value.is_object()) return true;
  if (keyword == "maxProperties") return value.size() <= rule.get<size_t>();
  if (keyword == "required") {
    for (const Json& name : rule) {
      if (!value.contains(name.get<std::string>())) return false;
    }
    return true;
  }
  for (const auto& [name, item] : value.items()) {
    const bool listed = schema.contains("properties") && schema["properties"].contains(name);
    if (keyword == "propertyNames" && !Accepts(rule, name)) return false;
    if (keyword == "properties" && rule.contains(name) && !Accepts(rule[name], item)) return false;
    if (keyword == "additionalProperties" && !listed && !Accepts(rule, item)) return false;
  }
  return true;
}

bool AcceptsKeyword(const std::string& keyword, const Json& rule, const Json& value,
                    const Json& schema) {
  static const std::set<std::string> notes = {"description", "default", "title", "$schema", "then"};
  static const std::set<std::string> of_strings = {"pattern", "maxLength"};
  static const std::set<std::string> of_arrays = {"items", "minItems", "maxItems", "uniqueItems"};
  static const std::set<std::string> of_objects = {"properties", "required", "additionalProperties",
                                                   "propertyNames", "maxProperties"};
  if (notes.contains(keyword)) return true;
  if (of_strings.contains(keyword)) return AcceptsString(keyword, rule, value);
  if (of_arrays.contains(keyword)) return AcceptsArray(keyword, rule, value);
  if (of_objects.contains(keyword)) return AcceptsObject(keyword, rule, value, schema);
  if (keyword == "type") return HasType(rule, value);
  if (keyword == "const") return value == rule;
  if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
  if (keyword == "anyOf") return AcceptsAny(rule, value);
  if (keyword == "not") return !Accepts(rule, value);
  if (keyword == "if") return !Accepts(rule, value) || Accepts(schema["then"], value);
  if (keyword == "minimum") return !value.is_number() || value >= rule;
  if (keyword == "maximum") return !value.is_number() || value <= rule;
  ADD_FAILURE() << "unknown keyword " << keyword;
  return false;
}

bool Accepts(const Json& schema, const Json& value) {
  if (schema.is_boolean()) return schema;
  for (const auto& [keyword, rule] : schema.items()) {
    if (!AcceptsKeyword(keyword, rule, value, schema)) return false;
  }
  return true;
}

Json Schema() { return Json::parse(SchemaJson()); }

Result<Spec> Parse(const Json& document) {
  return ParsePipelineText(document.dump(2), "p.yaml", {});
}

// The checks that a schema cannot make.
bool IsParsersAlone(const Status& status) {
  const ErrorCode code = FindError(status)->code;
  const std::string what = FindError(status)->what;
  return code == ErrorCode::kUndefinedVariable || code == ErrorCode::kDuplicateKey ||
         what.find("it is too large") != std::string::npos ||
         what.find("it must be greater than 0") != std::string::npos ||
         what.find("it is not a timestamp") != std::string::npos;
}

const char kFull[] = R"json({
  "pipeline": "p",
  "source": {"table": "a/${v}", "version": 3},
  "lookups": [
    {"name": "l", "table": "t", "timestamp": "2026-01-31 10:00", "key": ["k"], "type": "inner",
     "columns": "*", "duplicates": "first"},
    {"name": "m", "table": "t", "key": ["k", {"source": "a", "lookup": "b"}], "columns": ["x"]},
    {"name": "n", "table": "t", "version": "1_000", "key": ["k"], "columns": {"x": "y + 1"}}
  ],
  "variables": {"v": "text", "w": 0.5, "x": true},
  "where": "a > ${w}",
  "columns": {"c": "a + 1", "d": 1, "e": true},
  "drop": ["z", "y"],
  "target": {"table": "b", "mode": "overwrite", "overwrite_schema": true,
             "max_records_per_file": 100000, "target_file_size": "256MiB", "compression": "zstd(3)",
             "properties": {"delta.appendOnly": false, "n": 1, "t": ""}},
  "mode": "chunked",
  "processing": {"in_memory_threshold": "5_000_000", "max_safe_size": 10000000, "chunk_size": 1,
                 "chunk_order": "key"},
  "resources": {"memory": "1.5 GiB", "max_memory_usage": 80}
})json";

// The schema of the key at `path`, below the anyOf that lets it be null.
Json SchemaOf(const Json& schema, std::string_view path) {
  Json here = schema;
  size_t begin = 0;
  while (begin < path.size()) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    std::string name(path.substr(begin, dot - begin));
    begin = dot + 1;
    const bool list = name.ends_with("[]");
    if (list) name.resize(name.size() - 2);
    if (!here.contains("properties") || !here["properties"].contains(name)) return nullptr;
    here = Json(here["properties"][name]);
    if (begin >= path.size()) return here;
    if (here.contains("anyOf")) here = Json(here["anyOf"][0]);
    if (list) here = Json(here["items"]);
    if (here.contains("anyOf")) here = Json(here["anyOf"][1]);  // a key column's pair
  }
  return here;
}

// The number of keys that `schema` describes, at every depth.
size_t CountKeys(const Json& schema) {
  size_t count = 0;
  if (schema.is_object() && schema.contains("properties") &&
      schema.contains("additionalProperties")) {
    for (const auto& [name, key] : schema["properties"].items()) count += 1 + CountKeys(key);
    return count;
  }
  if (schema.is_object() && schema.contains("items")) count += CountKeys(schema["items"]);
  if (schema.is_object() && schema.contains("anyOf")) {
    for (const Json& choice : schema["anyOf"]) count += CountKeys(choice);
  }
  return count;
}

TEST(SpecSchema, HasTheTablesKeysAndNoOther) {
  const Json schema = Schema();
  for (const Key& key : Keys()) {
    const Json found = SchemaOf(schema, key.path);
    ASSERT_FALSE(found.is_null()) << key.path;
    EXPECT_EQ(found.value("description", ""), key.description) << key.path;
  }
  EXPECT_EQ(CountKeys(schema), Keys().size());
  for (const LaterKey& key : LaterKeys()) {
    if (key.value.empty()) {
      EXPECT_TRUE(SchemaOf(schema, key.path).is_null()) << key.path;
    }
  }
}

TEST(SpecSchema, StatesTheParsersDefaults) {
  const Json schema = Schema();
  const std::map<std::string, Json> defaults = {
      {"mode", "auto"},
      {"target.mode", "error_if_exists"},
      {"target.overwrite_schema", false},
      {"target.target_file_size", 256 * kMiB},
      {"target.compression", "keep"},
      {"lookups[].type", "left_outer"},
      {"lookups[].columns", "*"},
      {"lookups[].duplicates", "expand"},
      {"expectations[].action", "warn"},
      {"processing.in_memory_threshold", 5'000'000},
      {"processing.max_safe_size", 10'000'000},
      {"processing.chunk_size", 1'000'000},
      {"processing.chunk_order", "source"},
      {"processing.max_attempts", 3},
      {"processing.enable_checkpointing", true},
      {"processing.checkpoint_interval", 100'000},
      {"target.publish", "per_chunk"},
      {"target.column_mapping", "none"},
      {"resources.max_memory_usage", 80},
  };
  for (const Key& key : Keys()) {
    const Json found = SchemaOf(schema, key.path);
    const auto expected = defaults.find(std::string(key.path));
    EXPECT_EQ(found.contains("default"), expected != defaults.end()) << key.path;
    if (expected == defaults.end()) continue;
    EXPECT_EQ(found["default"], expected->second) << key.path;
  }
}

TEST(SpecSchema, AndParserTakeAFullDocument) {
  const Json full = Json::parse(kFull);
  EXPECT_TRUE(Accepts(Schema(), full));
  const auto spec = Parse(full);
  EXPECT_TRUE(spec.ok()) << RenderError(spec.status());
}

// Every pointer to a value inside `value`, the value itself first.
void Collect(Json& value, std::vector<Json*>& all) {
  all.push_back(&value);
  if (!value.is_structured()) return;
  for (Json& item : value) Collect(item, all);
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  void Mutate(Json& document) {
    std::vector<Json*> all;
    Collect(document, all);
    Json& place = *all[random_() % all.size()];
    switch (random_() % 5) {
      case 0:
        place = Value();
        return;
      case 1:
        if (place.is_object() && !place.empty()) place.erase(NameIn(place));
        if (place.is_array() && !place.empty()) place.erase(random_() % place.size());
        return;
      case 2:
        if (place.is_object()) place[Name()] = Value();
        if (place.is_array()) place.push_back(place.empty() ? Value() : Json(place[0]));
        return;
      case 3:
        if (place.is_object() && !place.empty()) place[NameIn(place)] = Value();
        return;
      default:
        if (place.is_object() && !place.empty()) place[Name()] = Json(place[NameIn(place)]);
        return;
    }
  }

 private:
  std::string NameIn(const Json& object) {
    auto at = object.begin();
    std::advance(at, static_cast<int64_t>(random_() % object.size()));
    return at.key();
  }

  std::string Name() {
    static const std::vector<std::string> others = {
        "x", "", " ", "9a", "no.key", "expectations", "publish", std::string(256, 'n')};
    if (random_() % 3 == 0) return others[random_() % others.size()];
    return std::string(LastName(Keys()[random_() % Keys().size()].path));
  }

  Json Value() {
    static const Json values = {
        nullptr,
        true,
        false,
        0,
        1,
        -1,
        79,
        100,
        101,
        1000,
        999999999999999,
        1000000000000000,
        0.5,
        -2.25,
        "",
        " ",
        "a",
        "*",
        "auto",
        "streaming",
        "overwrite",
        "append",
        "inner",
        "1_000",
        "10_00",
        "1000",
        "0",
        "0_100",
        "256MiB",
        "2 GiB",
        "2  GiB",
        "1.5",
        "1.5GB",
        "0KiB",
        "99999999999TiB",
        "2 apples",
        "zstd",
        "zstd(22)",
        "zstd(23)",
        "zstd(0)",
        "zstd(03)",
        "2026-01-31",
        "2026-02-31",
        "2026-01-31T10:00:00.5+02:00",
        "2026-1-31",
        "2026-01-31x",
        "${v}",
        "${nope}",
        "$$",
        "a b",
        "é",
        std::string(300, 'l'),
        Json::array(),
        Json::object(),
        Json::array({"a"}),
        Json::array({"a", "a"}),
        Json::array({1}),
        Json::array({"a", "b", nullptr}),
        Json::object({{"a", "b"}}),
        Json::object({{"a", nullptr}}),
        Json::object({{"a", 1}}),
        Json::object({{"source", "a"}, {"lookup", "b"}}),
        Json::object({{"source", "a"}}),
        Json::object({{"table", "t"}}),
        Json::object({{"table", "t"}, {"version", 1}, {"timestamp", "2026-01-31"}}),
        Json::object({{"table", "t"}, {"version", nullptr}, {"timestamp", "2026-01-31"}}),
        Json::object({{"table", "t"}, {"mode", nullptr}, {"overwrite_schema", true}})};
    return values[random_() % values.size()];
  }

  std::mt19937 random_;
};

TEST(SpecSchema, AgreesWithTheParserOnMutatedDocuments) {
  const unsigned seed = std::random_device{}();
  const Json schema = Schema();
  Mutator mutator(seed);
  std::mt19937 random(seed + 1);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Json document = Json::parse(kFull);
    for (auto left = 1 + random() % 3; left > 0; --left) mutator.Mutate(document);
    const bool by_schema = Accepts(schema, document);
    const auto spec = Parse(document);
    const bool by_parser = spec.ok() || IsParsersAlone(spec.status());
    if (spec.ok()) {
      ASSERT_TRUE(by_schema) << "seed " << seed << "\n" << document.dump(2);
    }
    // What the parser refuses first for a reason of its own may have other faults too.
    if (spec.ok() || !by_parser) {
      ASSERT_EQ(by_schema, by_parser) << "seed " << seed << "\n"
                                      << document.dump(2) << "\n"
                                      << (spec.ok() ? "" : RenderError(spec.status()));
    }
    ++(spec.ok() ? accepted : refused);
  }
  EXPECT_GT(accepted, 200);
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace spillway::spec
