// One commit to a Delta table: files in, files out, and the txn action that makes it exactly once.
//
// A commit is put after the version of the Snapshot that it starts from, or not at all: if another
// writer took that version, the outcome says so, and the caller opens a fresh Snapshot, looks
// whether its own txn is there already (a lost reply), and decides. Nothing here retries.
//
// Thread rule: free functions; a commit blocks until its file is synced to disk. Several processes
// may race, one of them wins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "delta/add_statistics.h"
#include "delta/commit_outcome.h"
#include "delta/data_file.h"
#include "delta/snapshot.h"

namespace spillway::delta {

// A data file that the caller has written and synced below the table's root.
struct AddedFile {
  std::string relative_path;  // from the table's root, '/' between folders, not URL-encoded
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;  // since 1970, UTC
  int64_t num_rows = 0;
  std::vector<ColumnStatistics> columns;  // partition columns have none
  PartitionValues partition_values;       // logical names, serialised as Delta does; all of them
  std::string statistics_json;            // empty: made of `columns`; else in place of their bounds
};

// The statistics of a file, as the log has them: see StatisticsJson.
Result<std::string> StatisticsOf(const AddedFile& file);

struct TransactionId {
  std::string app_id;
  int64_t version = 0;
};

struct CommitRequest {
  enum class Mode {
    kAppend,          // adds `files`
    kOverwrite,       // removes every file of the base version and adds `files`
    kOverwriteSchema  // kOverwrite, and the table gets `schema`, `partition_columns`, `properties`
  };
  Mode mode = Mode::kAppend;
  std::optional<TransactionId> transaction;
  std::vector<AddedFile> files;
  // For DESCRIBE HISTORY. The operation is WRITE, or CREATE TABLE (AS SELECT, with a transaction);
  // "mode", "partitionBy", numFiles, numOutputRows and numOutputBytes are set here unless the
  // caller gives other values.
  std::map<std::string, std::string> operation_parameters;
  std::map<std::string, std::string> operation_metrics;
  // Only for a new table and kOverwriteSchema. `properties` are laid over the table's own.
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;
};

// Commits `request` after `base`. Errors: kUnsupportedFeature (by name: the table asks its writers
// for what Spillway does not do), kUnsupportedType, kReadOnlyStorage, kStorageFull, kStorage,
// kCorruptLog.
Result<CommitOutcome> Commit(const Snapshot& base, const CommitRequest& request);

// Creates the table's folder (and the ones above it) where missing, and commits version 0 with the
// schema and the files of `request`; its mode does not count. A table that is there already, or
// that another writer makes at the same time, is not an error: `committed` is false and `version`
// the one that is there. Errors: kUnsupportedType (a column Delta has no type for),
// kUnsupportedFeature (a property whose duties Spillway does not do), kValueOutOfRange (a partition
// column that the schema has not, or names that differ only in case), kReadOnlyStorage,
// kStorageFull, kStorage, kUnsupportedUrl.
Result<CommitOutcome> CreateTable(const std::string& table, const CommitRequest& request);

// Whether a table at `table` could have the schema, partition columns and properties of `request`;
// nothing is written. Errors: the first three of CreateTable.
Status CheckDefinition(const std::string& table, const CommitRequest& request);

}  // namespace spillway::delta
