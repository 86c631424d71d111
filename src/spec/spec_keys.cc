#include "spec/spec_keys.h"

#include <fmt/format.h>

namespace spillway::spec {
namespace {

using Owner = FieldOwner;

// A ChoiceField for the enum member that `Member` reaches; its values are the indices of the names.
template <auto Member>
ChoiceField ChoiceOf() {
  return {[](const Owner& owner) { return static_cast<int>(Member(owner)); },
          [](const Owner& owner, int choice) {
            auto& member = Member(owner);
            member = static_cast<std::remove_reference_t<decltype(member)>>(choice);
          }};
}

template <typename Value>
using Accessor = Value& (*)(const Owner&);

template <typename Value>
Field FieldOf(Accessor<Value> accessor) {
  return accessor;
}

using OptionalInteger = std::optional<int64_t>;
using OptionalString = std::optional<std::string>;
using OptionalText = std::optional<LocatedText>;

LookupType& TypeOf(const Owner& o) { return o.lookup->type; }
DuplicateKeys& DuplicatesOf(const Owner& o) { return o.lookup->duplicates; }
ExpectationAction& ActionOf(const Owner& o) { return o.expectation->action; }
TargetMode& TargetModeOf(const Owner& o) { return o.spec->target.mode; }
ColumnMapping& ColumnMappingOf(const Owner& o) { return o.spec->target.column_mapping; }
Publish& PublishOf(const Owner& o) { return o.spec->target.publish; }
ChunkOrder& ChunkOrderOf(const Owner& o) { return o.spec->processing.chunk_order; }
Mode& ModeOf(const Owner& o) { return o.spec->mode; }

std::vector<Key> TopKeys() {
  return {
      {.path = "pipeline",
       .type = ValueType::kName,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.spec->pipeline; }),
       .description =
           "The pipeline's name. Each commit records it, so that a later run can resume."},
      {.path = "variables",
       .type = ValueType::kVariableMap,
       .description = "Values for ${name} in expressions, paths and properties."},
      {.path = "where",
       .type = ValueType::kExpression,
       .field = FieldOf<OptionalText>([](const Owner& o) -> auto& { return o.spec->where; }),
       .description = "A Spark SQL condition: only source rows for which it is true are used."},
      {.path = "columns",
       .type = ValueType::kExpressionMap,
       .description = "New columns and the Spark SQL that makes them, in this order; a later one "
                      "may use an earlier one."},
      {.path = "drop",
       .type = ValueType::kColumnNames,
       .description = "Columns that are left out of the target."},
      {.path = "mode",
       .type = ValueType::kChoice,
       .field = ChoiceOf<ModeOf>(),
       .choices = {"auto", "standard", "chunked"},
       .description = "How the job runs: all at once (standard), chunk by chunk (chunked), or "
                      "chosen by the number of source rows (auto)."},
  };
}

std::vector<Key> SourceKeys() {
  return {
      {.path = "source",
       .type = ValueType::kSection,
       .required = true,
       .description = "The table that the target's rows come from."},
      {.path = "source.table",
       .type = ValueType::kPath,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.spec->source.path; }),
       .description = "Path or file:// URL of the Delta table; a relative path starts at the "
                      "pipeline file's folder."},
      {.path = "source.version",
       .type = ValueType::kInteger,
       .field =
           FieldOf<OptionalInteger>([](const Owner& o) -> auto& { return o.spec->source.version; }),
       .description = "Reads this version of the table instead of the latest."},
      {.path = "source.timestamp",
       .type = ValueType::kTimestamp,
       .field = FieldOf<OptionalString>(
           [](const Owner& o) -> auto& { return o.spec->source.timestamp; }),
       .description = "Reads the version that was the latest at this time."},
      {.path = "source.rename",
       .type = ValueType::kRenameMap,
       .description = "New names for the table's columns, old to new. The pipeline and the target "
                      "use the new names."},
  };
}

std::vector<Key> LookupKeys() {
  return {
      {.path = "lookups",
       .type = ValueType::kSectionList,
       .most_items = kMostLookups,
       .description = "Tables that are joined to the source by key, in this order."},
      {.path = "lookups[].name",
       .type = ValueType::kName,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.lookup->name; }),
       .description = "The lookup's name in messages and in --set lookups.NAME.key."},
      {.path = "lookups[].table",
       .type = ValueType::kPath,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.lookup->table.path; }),
       .description = "Path or file:// URL of the Delta table."},
      {.path = "lookups[].version",
       .type = ValueType::kInteger,
       .field = FieldOf<OptionalInteger>(
           [](const Owner& o) -> auto& { return o.lookup->table.version; }),
       .description = "Reads this version of the table instead of the latest."},
      {.path = "lookups[].timestamp",
       .type = ValueType::kTimestamp,
       .field = FieldOf<OptionalString>(
           [](const Owner& o) -> auto& { return o.lookup->table.timestamp; }),
       .description = "Reads the version that was the latest at this time."},
      {.path = "lookups[].rename",
       .type = ValueType::kRenameMap,
       .description = "New names for the lookup's columns, old to new."},
      {.path = "lookups[].key",
       .type = ValueType::kKeyColumns,
       .required = true,
       .description = "The columns that must be equal: names, or {source, lookup} pairs where the "
                      "names differ."},
      {.path = "lookups[].key[].source",
       .type = ValueType::kColumnName,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.key_column->source; }),
       .description = "The key column's name in the source."},
      {.path = "lookups[].key[].lookup",
       .type = ValueType::kColumnName,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.key_column->lookup; }),
       .description = "The key column's name in the lookup."},
      {.path = "lookups[].type",
       .type = ValueType::kChoice,
       .field = ChoiceOf<TypeOf>(),
       .choices = {"left_outer", "inner"},
       .description =
           "Whether a source row without a match is kept (left_outer) or dropped (inner)."},
      {.path = "lookups[].columns",
       .type = ValueType::kLookupColumns,
       .description = "The columns that the lookup adds: \"*\" for all but the key, a list of "
                      "names, or new names and Spark SQL over the lookup's columns."},
      {.path = "lookups[].duplicates",
       .type = ValueType::kChoice,
       .field = ChoiceOf<DuplicatesOf>(),
       .choices = {"expand", "error", "first", "last"},
       .description = "What happens if several lookup rows have the same key: one output row for "
                      "each (expand), stop the run (error), or use one of them (first, last)."},
      {.path = "lookups[].order_by",
       .type = ValueType::kExpression,
       .field = FieldOf<OptionalText>([](const Owner& o) -> auto& { return o.lookup->order_by; }),
       .description = "Of which rows are the first and the last: a column, or Spark SQL over the "
                      "lookup's columns. Without it they are those of the table's files."},
  };
}

std::vector<Key> ExpectationKeys() {
  return {
      {.path = "expectations",
       .type = ValueType::kSectionList,
       .most_items = kMostExpectations,
       .description = "Conditions that the target's rows are expected to meet."},
      {.path = "expectations[].name",
       .type = ValueType::kName,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.expectation->name; }),
       .description = "The expectation's name in reports and in --set expectations.NAME.action."},
      {.path = "expectations[].expect",
       .type = ValueType::kExpression,
       .required = true,
       .field =
           FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.expectation->condition; }),
       .description = "A Spark SQL condition on the columns of source, lookups and pipeline: a row "
                      "does not meet it if it is false or NULL."},
      {.path = "expectations[].action",
       .type = ValueType::kChoice,
       .field = ChoiceOf<ActionOf>(),
       .choices = {"warn", "drop", "fail"},
       .description =
           "What happens to a row that does not meet it: it is written and counted (warn), left "
           "out and counted (drop), or ends the run before it is committed (fail)."},
  };
}

std::vector<Key> TargetKeys() {
  return {
      {.path = "target",
       .type = ValueType::kSection,
       .required = true,
       .description = "The table that is written."},
      {.path = "target.table",
       .type = ValueType::kPath,
       .required = true,
       .field = FieldOf<LocatedText>([](const Owner& o) -> auto& { return o.spec->target.path; }),
       .description =
           "Path or file:// URL of the Delta table; it is created if it does not exist."},
      {.path = "target.mode",
       .type = ValueType::kChoice,
       .field = ChoiceOf<TargetModeOf>(),
       .choices = {"append", "overwrite", "error_if_exists"},
       .description = "What to do if the table exists: add rows (append), replace its rows "
                      "(overwrite), or refuse to run (error_if_exists)."},
      {.path = "target.overwrite_schema",
       .type = ValueType::kBoolean,
       .field =
           FieldOf<bool>([](const Owner& o) -> auto& { return o.spec->target.overwrite_schema; }),
       .description = "With mode overwrite: also replace the table's columns if they differ from "
                      "this pipeline's."},
      {.path = "target.publish",
       .type = ValueType::kChoice,
       .field = ChoiceOf<PublishOf>(),
       .choices = {"per_chunk", "at_end"},
       .description = "When readers see the rows of a chunked run: each chunk once it is written "
                      "(per_chunk), or all at once, by one commit at the end (at_end)."},
      {.path = "target.column_mapping",
       .type = ValueType::kChoice,
       .field = ChoiceOf<ColumnMappingOf>(),
       .choices = {"none", "name"},
       .description = "Whether a table that the run creates maps its columns (name), so that names "
                      "may have blanks and other characters."},
      {.path = "target.max_records_per_file",
       .type = ValueType::kInteger,
       .field = FieldOf<OptionalInteger>(
           [](const Owner& o) -> auto& { return o.spec->target.max_records_per_file; }),
       .minimum = 1,
       .description = "The most rows in one data file."},
      {.path = "target.target_file_size",
       .type = ValueType::kByteSize,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->target.target_file_size_bytes; }),
       .description = "The approximate size at which a data file is closed."},
      {.path = "target.compression",
       .type = ValueType::kCompression,
       .field =
           FieldOf<Compression>([](const Owner& o) -> auto& { return o.spec->target.compression; }),
       .description = "How columns are compressed: as in the source's files (keep), or snappy, "
                      "zstd, zstd(1) to zstd(22), lz4 or none."},
      {.path = "target.properties",
       .type = ValueType::kPropertyMap,
       .description = "Delta table properties, set when the run creates the table."},
  };
}

std::vector<Key> ProcessingKeys() {
  return {
      {.path = "processing",
       .type = ValueType::kSection,
       .description = "How the job is divided, in source rows."},
      {.path = "processing.in_memory_threshold",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->processing.in_memory_threshold_rows; }),
       .description = "Up to this many source rows, mode auto runs the job in one piece."},
      {.path = "processing.max_safe_size",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->processing.max_safe_size_rows; }),
       .description = "Above this many source rows, mode auto always runs in chunks."},
      {.path = "processing.chunk_size",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->processing.chunk_size_rows; }),
       .minimum = 1,
       .description = "About how many source rows a chunk has: what one commit adds and a killed "
                      "run can lose. A chunk ends where a row group ends, and may have three times "
                      "as many rows for that."},
      {.path = "processing.enable_checkpointing",
       .type = ValueType::kBoolean,
       .field = FieldOf<bool>(
           [](const Owner& o) -> auto& { return o.spec->processing.enable_checkpointing; }),
       .description = "Whether a run records what it has written but not committed yet, so that "
                      "the run after a kill does not write it again."},
      {.path = "processing.checkpoint_interval",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->processing.checkpoint_interval_rows; }),
       .minimum = 1,
       .description =
           "How many source rows are finished, in whole files, before they are recorded."},
      {.path = "processing.max_attempts",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->processing.max_attempts; }),
       .minimum = 1,
       .maximum = 100,
       .description = "How many times a run is attempted. Each retry resumes after the last "
                      "commit, with half the chunk size and half the lanes."},
      {.path = "processing.chunk_order",
       .type = ValueType::kChoice,
       .field = ChoiceOf<ChunkOrderOf>(),
       .choices = {"source", "key"},
       .description = "The order of the rows: as in the source's files (source), or sorted by the "
                      "first lookup's key (key), so that the files' key ranges do not overlap."},
  };
}

std::vector<Key> ResourceKeys() {
  return {
      {.path = "resources",
       .type = ValueType::kSection,
       .description = "How much of the machine the run may use."},
      {.path = "resources.memory",
       .type = ValueType::kByteSize,
       .field = FieldOf<OptionalInteger>(
           [](const Owner& o) -> auto& { return o.spec->resources.memory_bytes; }),
       .description = "The memory budget; without it, max_memory_usage percent of the cgroup's "
                      "limit or of the machine's memory."},
      {.path = "resources.max_memory_usage",
       .type = ValueType::kInteger,
       .field = FieldOf<int64_t>(
           [](const Owner& o) -> auto& { return o.spec->resources.max_memory_usage_percent; }),
       .minimum = 1,
       .maximum = 100,
       .description =
           "Without `memory`, the budget is this percentage of the cgroup's limit or of the "
           "machine's memory. Above it, a run backs off if other processes leave it too little."},
      {.path = "resources.lanes",
       .type = ValueType::kInteger,
       .field = FieldOf<OptionalInteger>(
           [](const Owner& o) -> auto& { return o.spec->resources.lanes; }),
       .minimum = 1,
       .maximum = 256,
       .choices = {"auto"},
       .description = "The most threads that work at the same time; auto is one per core. The plan "
                      "uses fewer if the budget is small."},
      {.path = "resources.spill_directory",
       .type = ValueType::kPath,
       .field = FieldOf<OptionalText>(
           [](const Owner& o) -> auto& { return o.spec->resources.spill_directory; }),
       .description = "A local folder for temporary files, used to join lookups that are larger "
                      "than the budget and to sort rows. It is created if it does not exist; the "
                      "default is _spillway in the target's folder."},
  };
}

}  // namespace

const std::vector<Key>& Keys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all;
    for (auto* group : {TopKeys, SourceKeys, LookupKeys, ExpectationKeys, TargetKeys,
                        ProcessingKeys, ResourceKeys}) {
      for (Key& key : group()) all.push_back(std::move(key));
    }
    return all;
  }();
  return keys;
}

const std::vector<LaterKey>& LaterKeys() {
  static const std::vector<LaterKey> keys = {
      {"expectations[].action", "quarantine"},
      {"mode", "streaming"},
      {"target.partition_by", ""},
      {"target.cluster_by", ""},
      {"streaming", ""},
      {"streaming.checkpoint_location", ""},
      {"streaming.trigger", ""},
      {"streaming.max_files_per_trigger", ""},
      {"streaming.max_bytes_per_trigger", ""},
      {"streaming.starting_version", ""},
      {"streaming.ignore_deletes", ""},
      {"streaming.skip_change_commits", ""},
      {"streaming.fail_on_data_loss", ""},
      {"monitor", ""},
      {"monitor.prometheus_file", ""},
      {"monitor.alerts", ""},
      {"monitor.openlineage", ""},
      {"storage", ""},
      {"spark", ""},
      {"spark.remote", ""},
      {"spark.conf", ""},
      {"spark.executors", ""},
  };
  return keys;
}

const Key* FindKey(std::string_view path) {
  for (const Key& key : Keys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

bool IsLaterKey(std::string_view path, std::string_view value) {
  for (const LaterKey& key : LaterKeys()) {
    if (key.path == path && key.value == value) return true;
  }
  return false;
}

std::vector<const Key*> KeysOf(std::string_view section) {
  std::vector<const Key*> keys;
  for (const Key& key : Keys()) {
    if (JoinPath(section, LastName(key.path)) == key.path) keys.push_back(&key);
  }
  return keys;
}

std::string_view LastName(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string JoinPath(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : fmt::format("{}.{}", section, name);
}

}  // namespace spillway::spec
