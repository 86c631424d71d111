// The data files that a run has committed to its target, and what other writers did to them since,
// as the commits of the target's log tell. A file that is rewritten by a commit that says that no
// data changed (OPTIMIZE) is followed into the new files, which may hold others' rows too.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/status.h"
#include "delta/snapshot.h"

namespace spillway::pipeline {

// The last that a commit did to a file with rows of the run.
struct FileFate {
  enum class Kind {
    kInPlace,    // the file holds what was written into it
    kShortened,  // some of its rows are deleted
    kMoved,      // its rows are in other files
    kRemoved,    // with its rows, or with changed ones written elsewhere
  };
  Kind kind = Kind::kInPlace;
  int64_t version = 0;
  std::string operation;     // of that commit, as it calls itself: "DELETE"
  bool is_original = false;  // the run wrote the file; else the run's rows were moved into it

  bool lost_rows() const { return kind == Kind::kShortened || kind == Kind::kRemoved; }
};

// "version 8 (DELETE)".
std::string NameCommit(int64_t version, const std::string& operation);
std::string NameCommit(const FileFate& fate);

class CommittedFiles {
 public:
  // Of a run that has committed nothing before version `first_version` of the target.
  CommittedFiles(std::string app_id, int64_t first_version)
      : app_id_(std::move(app_id)), next_version_(first_version) {}

  // Of a run that may have committed before, as of the version of `table`. Fails with
  // kVersionNotFound where the log has lost commits that may be the run's.
  static Result<CommittedFiles> Find(const delta::Snapshot& table, const std::string& app_id);

  // Takes in the commits up to the version of `table`. Errors: kVersionNotFound, kCorruptLog.
  Status Follow(const delta::Snapshot& table);

  // Whether the file at `path`, absolute, may hold rows of the run.
  bool Contains(const std::string& path) const { return files_.contains(path); }

  // Whether the run's rows, as far as they are left, stand in the files that it wrote.
  bool all_in_place() const;

  // Whether none of the run's rows are left, neither in its own files nor moved to others.
  bool is_gone() const;

  // The first commit that took rows of the run out of the table, or that may have: a file that rows
  // of the run were moved into counts as a whole. None only where all rows are there, be it after
  // RESTORE.
  std::optional<FileFate> FirstLoss() const;

  // The first commit that moved rows of the run to other files.
  std::optional<FileFate> FirstMove() const;

  // The name of the last commit of others with a protocol or metaData action; empty if none had.
  const std::string& last_definition() const { return last_definition_; }

 private:
  Status FollowCommit(const delta::Snapshot& table, int64_t version);
  void ForgetCopies();

  std::string app_id_;
  int64_t next_version_;                   // the first that was not taken in
  std::map<std::string, FileFate> files_;  // by absolute path
  std::string last_definition_;
};

}  // namespace spillway::pipeline
