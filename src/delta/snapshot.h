// One version of a Delta table: its schema, properties and protocol, and the way to its files. A
// Snapshot is pinned: later commits to the table do not change it.
//
// Opening refuses, by name, a table whose protocol asks its readers for a feature that Spillway
// does not read. It reads columnMapping (by name and by id), deletionVectors, timestampNtz,
// typeWidening (whose older files have narrower types), v2Checkpoint and vacuumProtocolCheck.
//
// Thread rule: immutable; every member may be called from several threads at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "delta/data_file.h"
#include "delta/file_stream.h"

namespace spillway::delta {

// Which version to open: at most one of the two; neither means the latest.
struct SnapshotAt {
  std::optional<int64_t> version;
  std::optional<std::string>
      timestamp;  // as ParseTableTime reads it; the latest version as of then. Not after the
                  // latest commit, which may not be the last of that time.
};

struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::vector<std::string> reader_features;  // sorted; empty below reader version 3
  std::vector<std::string> writer_features;  // sorted; empty below writer version 7
  bool operator==(const Protocol&) const = default;
};

// How columns of the schema find theirs in Parquet files: by their own name, by their physical
// name, or by their field id.
enum class ColumnMapping { kNone, kName, kId };

class Snapshot {
 public:
  // `table` is a path (absolute, or relative to the working directory) or a file:// URL.
  // Errors: kTableNotFound, kNotADeltaTable, kCorruptLog (names the file or the missing version; a
  // checkpoint that cannot be read is passed over where older files say the same),
  // kUnsupportedFeature (by name), kUnsupportedType, kVersionNotFound, kValueOutOfRange (a
  // timestamp that is not one), kUnsupportedUrl, kStorage, kReadOnlyStorage (a folder that may not
  // be read).
  static Result<std::unique_ptr<Snapshot>> Open(const std::string& table,
                                                const SnapshotAt& at = {});

  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  int64_t version() const;
  const std::string& table_id() const;   // metaData.id, the same over the table's life
  const std::string& root_path() const;  // absolute, symbolic links resolved, no slash at its end

  // When the version was committed, since 1970, UTC; none where the log has only its checkpoint.
  std::optional<int64_t> timestamp_ms() const;

  // Logical names, types and nullability; partition columns included. Field metadata is Delta's, as
  // strings; a table that maps columns also has PARQUET:field_id at every depth. A timestamp is
  // timestamp[us, UTC], a timestamp_ntz is timestamp[us].
  const std::shared_ptr<arrow::Schema>& schema() const;

  ColumnMapping column_mapping() const;

  // The name of top-level column `column` in Parquet files and statistics: its physical name where
  // the table maps columns, else its logical name.
  const std::string& PhysicalName(int column) const;

  const std::vector<std::string>& partition_columns() const;  // logical names, in order
  const std::map<std::string, std::string>& properties() const;
  const Protocol& protocol() const;

  // The live files. Errors: kCorruptLog, kStorage.
  Result<std::unique_ptr<FileStream>> Files() const;

  // Which rows of a file with `file_rows` rows its deletion vector marks as deleted: a bit for each
  // row, in Arrow's order. Errors: kCorruptLog (checksum, cardinality, or a row that the file does
  // not have), kStorage, kUnsupportedFeature (outside the root).
  Result<std::vector<uint8_t>> DeletedRows(const DeletionVector& deletion_vector,
                                           int64_t file_rows) const;

  // The last version that a txn action of `app_id` recorded, as of this version of the table. An id
  // that delta.setTransactionRetentionDuration has let expire is none.
  Result<std::optional<int64_t>> LastTransactionVersion(const std::string& app_id) const;

  // OK if Spillway may append to this table; else kUnsupportedFeature, naming what the table asks
  // of its writers that Spillway does not do.
  Status CheckWritable() const;

  // Writes a checkpoint of this version, so that readers need not replay the commits before it. It
  // is no error when there is one. Errors: as CheckWritable; kReadOnlyStorage, kStorageFull,
  // kStorage.
  Status WriteCheckpoint() const;

  // The bridge's side of this object, for the other files of delta/ (snapshot_impl.h).
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Snapshot(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// Whether there is a Delta table at `table`. A missing folder and a folder without a log are "no";
// a damaged log is a table. Errors: kUnsupportedUrl, kStorage, kReadOnlyStorage.
Result<bool> TableExists(const std::string& table);

}  // namespace spillway::delta
