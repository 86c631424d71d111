// What one commit of a table's log did, an action after the other, as its file has them. A Snapshot
// tells what a table is; only its commits tell how it came to be so, and by whom.
//
// Thread rule: one thread. A stream may outlive its Snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "delta/snapshot.h"

namespace spillway::delta {

struct CommitAction {
  enum class Kind {
    kOperation,    // of commitInfo: "WRITE", "DELETE", "OPTIMIZE" ..
    kTransaction,  // a txn action
    kDefinition,   // a protocol or metaData action
    kAdd,
    kRemove,
  };
  Kind kind = Kind::kOperation;
  std::string text;  // the operation, the app id, or the file: its absolute path inside the table's
                     // root, as DataFile has it; of a file outside as the log has it
  std::map<std::string, std::string> parameters = {};  // of an operation: those that are texts
  int64_t transaction_version = 0;
  bool data_change = false;          // of a file: false where its rows only changed their place
  bool has_deletion_vector = false;  // of a file: some of its rows are deleted
};

class CommitStream {
 public:
  // The commit of `version`; null where the log has none, or has it no more. Errors: kStorage,
  // kReadOnlyStorage.
  static Result<std::unique_ptr<CommitStream>> Open(const Snapshot& table, int64_t version);

  ~CommitStream();
  CommitStream(const CommitStream&) = delete;
  CommitStream& operator=(const CommitStream&) = delete;

  // The next action of one of the kinds above, or none at the end. Errors: kCorruptLog, kStorage.
  Result<std::optional<CommitAction>> Next();

 private:
  class Impl;
  explicit CommitStream(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// The lowest version whose commit the log still has: the older ones may have been cleaned up, once
// a checkpoint held what they say of the table. None where only checkpoints are left.
Result<std::optional<int64_t>> OldestCommit(const Snapshot& table);

}  // namespace spillway::delta
