// A pipeline: what the pipeline file says, as plain values. Every default of the file stands here
// and only here: the key table (spec_keys.h), the JSON Schema and the parser take it from Spec{}.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "spec/located_text.h"

namespace spillway::spec {

// A column of a table, and the name by which the pipeline knows it.
struct Rename {
  LocatedText from;
  LocatedText to;
};

// A table that is read. At most one of `version` and `timestamp` is set; neither means the latest.
struct InputTable {
  LocatedText path;  // as written, variables substituted; see Spec::directory
  std::optional<int64_t> version;
  std::optional<std::string> timestamp;  // RFC 3339 with seconds and zone: 2026-01-31T00:00:00Z
  std::vector<Rename> rename = {};       // in the file's order
};

// One column of a lookup's key: its name in the source and in the lookup.
struct KeyColumn {
  LocatedText source;
  LocatedText lookup;
};

// A column by the name that it gets, and the Spark SQL that makes it.
struct NamedExpression {
  LocatedText name;
  LocatedText expression;
};

// The columns that a lookup adds, key columns apart.
struct LookupColumns {
  enum class Kind { kAll, kNames, kExpressions };
  Kind kind = Kind::kAll;
  std::vector<LocatedText> names;            // kNames
  std::vector<NamedExpression> expressions;  // kExpressions, in the file's order
};

enum class LookupType { kLeftOuter, kInner };
enum class DuplicateKeys { kExpand, kError, kFirst, kLast };

struct Lookup {
  LocatedText name;
  InputTable table;
  std::vector<KeyColumn> key;  // at least one
  LookupType type = LookupType::kLeftOuter;
  LookupColumns columns;
  DuplicateKeys duplicates = DuplicateKeys::kExpand;
  std::optional<LocatedText> order_by;  // of kFirst and kLast: Spark SQL over the lookup
};

// A value under `variables`, as text; a number's underscores are gone.
struct Variable {
  enum class Kind { kString, kNumber, kBoolean };
  Kind kind = Kind::kString;
  std::string text;
};

// What becomes of a row of the target that does not meet an expectation: it is counted; it is left
// out; or the run ends before the row is committed.
enum class ExpectationAction { kWarn, kDrop, kFail };

// As the pipeline file has it.
std::string_view ActionName(ExpectationAction action);

// A condition that the target's rows are expected to meet.
struct Expectation {
  LocatedText name;
  LocatedText condition;
  ExpectationAction action = ExpectationAction::kWarn;
};

enum class TargetMode { kAppend, kOverwrite, kErrorIfExists };

// When the rows of a chunked run are to be seen: chunk by chunk, or all at once.
enum class Publish { kPerChunk, kAtEnd };

// Whether a table that is made keeps its columns in files under other names, so that its own may
// have any character.
enum class ColumnMapping { kNone, kName };

// How new columns are compressed. kKeep: as the source's file compresses its columns.
struct Compression {
  enum class Codec { kKeep, kSnappy, kZstd, kLz4, kNone };
  Codec codec = Codec::kKeep;
  std::optional<int> level;  // kZstd only, 1 to 22
};

struct Target {
  LocatedText path;
  TargetMode mode = TargetMode::kErrorIfExists;  // as Spark's writer
  bool overwrite_schema = false;
  Publish publish = Publish::kPerChunk;
  ColumnMapping column_mapping = ColumnMapping::kNone;
  std::optional<int64_t> max_records_per_file;
  int64_t target_file_size_bytes = 256 * kMiB;
  Compression compression;
  std::map<std::string, std::string> properties;
};

enum class Mode { kAuto, kStandard, kChunked };

// The order in which the source's rows come to the chunks: that of its files, or that of the key,
// which is the first lookup's.
enum class ChunkOrder { kSource, kKey };

struct Processing {
  int64_t in_memory_threshold_rows = 5'000'000;
  int64_t max_safe_size_rows = 10'000'000;
  int64_t chunk_size_rows = 1'000'000;
  int64_t max_attempts = 3;  // the first one included
  bool enable_checkpointing = true;
  int64_t checkpoint_interval_rows = 100'000;
  ChunkOrder chunk_order = ChunkOrder::kSource;
  std::string chunk_order_origin;  // "silver.yaml:31:12"; empty where it is not given
};

struct Resources {
  std::optional<int64_t> memory_bytes;
  std::string memory_origin;  // "--memory", "silver.yaml:31:12"; empty where memory is not given
  int64_t max_memory_usage_percent = 80;
  std::optional<int64_t> lanes;                // none: as many as there are cores, if they fit
  std::optional<LocatedText> spill_directory;  // none: in the target's folder
};

struct Spec {
  std::string file;       // as the user named it
  std::string directory;  // the file's folder, absolute; relative paths start here
  LocatedText pipeline;   // its name
  InputTable source;
  std::vector<Lookup> lookups;
  std::map<std::string, Variable> variables;
  std::optional<LocatedText> where;
  std::vector<NamedExpression> columns;  // in the file's order
  std::vector<LocatedText> drop;
  std::vector<Expectation> expectations;
  Target target;
  Mode mode = Mode::kAuto;
  Processing processing;
  Resources resources;

  bool in_key_order() const { return processing.chunk_order == ChunkOrder::kKey; }

  // `path` of a table as the storage takes it: a URL unchanged, a relative path from `directory`,
  // without "." and ".." and without a slash at the end.
  std::string Resolve(const LocatedText& path) const;
};

}  // namespace spillway::spec
