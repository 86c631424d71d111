// The commits of one run to its target: one for each chunk, each with a txn action; the first of
// them makes the table where there is none. Before every commit the table's latest version is read,
// so that a chunk that is committed already, by an earlier attempt or with its reply lost, is never
// committed again.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "delta/transaction.h"
#include "pipeline/chunk.h"
#include "pipeline/committed_files.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

class TargetCommits {
 public:
  // `plan` outlives this object.
  explicit TargetCommits(const Plan& plan) : plan_(plan) {}

  // Finds what the run has committed before. A chunked run that overwrites a table commits the
  // empty one first, as its own txn 0. Errors: kCommitConflict (another writer took rows of an
  // earlier attempt out of it), kVersionNotFound, and those of delta::Commit.
  Status Prepare();

  // Commits `files` as the rows of `chunk`; a chunk without rows is committed too, for its txn.
  // Other writers' commits in between are allowed as long as they leave the table's columns,
  // properties and protocol alone, but for rows before the first commit with error_if_exists; after
  // a lost race it is tried again. Errors: kCommitConflict (also where another writer took rows out
  // of the table that the run had committed), kVersionNotFound (the log does not tell that any
  // more), and those of delta::Commit and delta::CreateTable.
  Status Commit(const Chunk& chunk, std::vector<delta::AddedFile> files);

  // The version of the target that we committed last, or found; -1 where there is no table.
  int64_t last_version() const { return last_version_; }

 private:
  // What a table is besides its columns and rows.
  struct Definition {
    std::string table_id;
    std::vector<std::string> partition_columns;
    std::map<std::string, std::string> properties;
    delta::Protocol protocol;
    bool operator==(const Definition&) const = default;
  };

  static Definition DefinitionOf(const delta::Snapshot& table);
  Status FindCommittedFiles();
  void BeginWith(const delta::Snapshot& table);
  Status KnowDefinitionOf(int64_t version);
  Result<bool> CreateWith(delta::CommitRequest* request);
  Status CommitAfter(delta::CommitRequest request, int64_t expected_progress);
  Result<bool> IsCommitted(const delta::Snapshot& latest, const delta::CommitRequest& request,
                           int64_t expected_progress, int attempt) const;
  Status CheckSameTable(const delta::Snapshot& latest) const;
  bool HasFileSchema(const delta::Snapshot& latest) const;
  Status CheckUnchanged(const delta::Snapshot& latest) const;
  Status CheckNoRowsLost(const delta::Snapshot& latest) const;
  Status CheckStillEmpty(const delta::Snapshot& latest) const;
  void SetMode(const delta::Snapshot& latest, delta::CommitRequest* request) const;
  void MaybeCheckpoint() const;

  const Plan& plan_;
  Definition known_;                     // of the target, once it exists
  std::optional<CommittedFiles> files_;  // of the run, once the table exists
  bool creates_next_ = false;            // the next commit makes the table
  bool overwrite_next_ = false;          // the next commit replaces what the table has
  int64_t last_version_ = -1;
};

}  // namespace spillway::pipeline
