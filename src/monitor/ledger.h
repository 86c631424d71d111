// The ledger: the history of runs, in an SQLite file of its user's state folder. People and
// `spillway status` read it; nothing that a run does depends on it. The tables are described in
// ledger.cc.
//
// Thread rule: free functions; two processes may use one ledger at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "monitor/database.h"

namespace spillway::monitor {

// The ledger's file: in $SPILLWAY_STATE_DIRECTORY, $XDG_STATE_HOME/spillway or
// ~/.local/state/spillway. Empty where none of them is set.
std::string LedgerPath();

// Opens the ledger at `path` to write to it; makes its folder, its file and its tables where they
// are missing. Errors: kLedger, also where a newer program made it; storage errors.
Result<std::unique_ptr<Database>> OpenLedger(const std::string& path);

// A process that can be told from a later one with the same number.
struct ProcessIdentity {
  std::string host;
  int64_t process = 0;
  int64_t started = 0;  // in the kernel's ticks since its boot

  static ProcessIdentity Self();
  // Whether it is known to be dead: it was on this host, and no such process is.
  bool IsDead() const;
};

inline constexpr std::string_view kRunning = "running";
inline constexpr std::string_view kDone = "done";
inline constexpr std::string_view kUnchanged = "unchanged";  // there was nothing to do
inline constexpr std::string_view kStopped = "stopped";      // by a signal
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kKilled = "killed";

struct AttemptEntry {
  int64_t number = 0;
  int64_t started_at = 0;  // milliseconds since 1970, UTC
  int64_t lanes = 0;
  int64_t chunk_size_rows = 0;
  int64_t chunks = 0;            // that were left to do
  int64_t chunks_committed = 0;  // of those
  int64_t rows_committed = 0;    // of the target
  int64_t bound_bytes = 0;
  std::string code;  // of the error that ended it; empty where none did
  std::string error;
};

struct RunEntry {
  std::string id;
  std::string pipeline;
  std::string target;
  ProcessIdentity process;
  int64_t started_at = 0;
  std::optional<int64_t> ended_at;
  std::string state;  // one of the above
  std::string mode;   // empty where no plan was made
  int64_t budget_bytes = 0;
  int64_t peak_memory_bytes = 0;
  int64_t rows_written = 0;
  int64_t bytes_written = 0;
  int64_t target_version = -1;
  std::string code;
  std::string error;
  std::vector<AttemptEntry> attempts;
};

struct ValidationEntry {
  std::string pipeline;
  std::string target;
  int64_t target_version = -1;
  int64_t ended_at = 0;
  bool passed = false;
  std::string report;  // JSON, as `validate --json` prints it
};

// Which part of the ledger is wanted; an empty text is any.
struct LedgerQuery {
  std::string pipeline;
  std::string target;
  int64_t most = 10;  // entries
};

// The latest runs and validations, the latest first; none where there is no ledger. A run whose
// process is dead is kKilled. Errors: kLedger.
Result<std::vector<RunEntry>> ReadRuns(const std::string& path, const LedgerQuery& query);
Result<std::vector<ValidationEntry>> ReadValidations(const std::string& path,
                                                     const LedgerQuery& query);

}  // namespace spillway::monitor
