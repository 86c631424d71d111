// The keys of the pipeline file, in one table. The parser, the JSON Schema, the suggestions for
// unknown keys, the environment's names and the test of docs/pipeline-file.md all read it, so a new
// key is one new entry.
//
// Thread rule: the tables are immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/spec.h"

namespace spillway::spec {

enum class ValueType {
  kSection,        // a map whose keys are in the table
  kSectionList,    // a list of such maps, each with a name
  kKeyColumns,     // a list of column names or such maps
  kName,           // a short name: letters, digits, _ and -
  kColumnName,     // any text of 1 to kLongestColumnName characters
  kColumnNames,    // a list of them
  kPath,           // text with variables
  kTimestamp,      // text with variables
  kExpression,     // Spark SQL with variables
  kExpressionMap,  // column name -> Spark SQL
  kLookupColumns,  // "*", a list of column names, or column name -> Spark SQL
  kVariableMap,    // variable name -> text, number or boolean
  kRenameMap,      // column name -> new column name
  kPropertyMap,    // any text -> text, number or boolean
  kInteger,
  kByteSize,
  kBoolean,
  kChoice,
  kCompression,
};

inline constexpr size_t kLongestColumnName = 255;
inline constexpr size_t kMostLookups = 64;
inline constexpr size_t kMostKeyColumns = 32;
inline constexpr size_t kMostExpectations = 1'000;
inline constexpr size_t kMostColumns = 10'000;
inline constexpr size_t kMostVariables = 1'000;
inline constexpr size_t kMostProperties = 1'000;
inline constexpr int64_t kLargestInteger = 999'999'999'999'999;  // 15 digits, exact as a double

// What a key's value is written to: `lookup` for keys below lookups[], `key_column` for those below
// lookups[].key[], `expectation` for those below expectations[].
struct FieldOwner {
  Spec* spec = nullptr;
  Lookup* lookup = nullptr;
  KeyColumn* key_column = nullptr;
  Expectation* expectation = nullptr;
};

// A choice is the index of its name in Key::choices.
struct ChoiceField {
  int (*get)(const FieldOwner&);
  void (*set)(const FieldOwner&, int);
};

// The member that a scalar key fills. Keys of the other types have one each, and the parser knows
// it.
using Field =
    std::variant<std::monostate, LocatedText& (*)(const FieldOwner&),
                 std::optional<LocatedText>& (*)(const FieldOwner&),
                 std::optional<std::string>& (*)(const FieldOwner&),
                 int64_t& (*)(const FieldOwner&), std::optional<int64_t>& (*)(const FieldOwner&),
                 bool& (*)(const FieldOwner&), Compression& (*)(const FieldOwner&), ChoiceField>;

struct Key {
  std::string_view path;  // "lookups[].key[].source": [] stands for any item of a list
  ValueType type = ValueType::kSection;
  bool required = false;
  Field field = {};
  int64_t minimum = 0;                // kInteger
  int64_t maximum = kLargestInteger;  // kInteger
  size_t most_items = 0;              // kSectionList
  // kChoice: the values. kInteger: words that stand for a value that is not given.
  std::vector<std::string_view> choices = {};
  std::string_view description;
};

// A key, or one value of a key, that the contract names and this version does not have.
struct LaterKey {
  std::string_view path;
  std::string_view value;  // empty: the key itself
};

// All keys; a section stands before its keys.
const std::vector<Key>& Keys();

const std::vector<LaterKey>& LaterKeys();

// The key at `path`; null where there is none.
const Key* FindKey(std::string_view path);

// Whether the contract has `path` (or, with `value`, that value of it) and this version lacks it.
bool IsLaterKey(std::string_view path, std::string_view value = "");

// The keys directly below `section`, "" for the document, by their last names.
std::vector<const Key*> KeysOf(std::string_view section);

// "chunk_size" of "processing.chunk_size".
std::string_view LastName(std::string_view path);

// "processing.chunk_size" from "processing" and "chunk_size"; `name` alone for the document "".
std::string JoinPath(std::string_view section, std::string_view name);

}  // namespace spillway::spec
