// What a run has written and not committed yet, on record in the pipeline's state folder, so that
// the run that goes on after a kill need not write it again: pieces of the source, each with the
// time that its rows have and its data files. The record is only ever a help: what is missing in
// it, or wrong, is written again.
//
// Thread rule: Checkpoint is thread-safe; ReadCheckpoint is a free function.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "delta/transaction.h"
#include "pipeline/written_files.h"
#include "state/journal.h"

namespace spillway::pipeline {

// The rows of a piece of the source, in data files that are on the disk.
struct KeptPiece {
  int64_t first_ordinal = 0;
  int64_t end_ordinal = 0;
  int64_t chunk_end = 0;   // of the chunk that it was cut from
  int64_t now_micros = 0;  // what current_timestamp() gave
  int64_t rows = 0;        // of the target
  std::vector<delta::AddedFile> files;
  ExpectationCounts expectations = {};
};

// The pieces of the run `identity` on record at `path` that begin at `first_ordinal` or behind it
// and whose files are all in the table at `table_path`; ascending, none over another.
std::vector<KeptPiece> ReadCheckpoint(const std::string& path, const std::string& identity,
                                      int64_t first_ordinal, const std::string& table_path);

// The files of `piece`, in the table at `table_path`, as if they were written now. They stay
// whatever becomes of them.
WrittenFiles FilesOf(const KeptPiece& piece, const std::string& table_path);

class Checkpoint {
 public:
  // Begins the record of the run `identity` at `path`, with `kept` in it. New pieces are put on
  // record when they have `interval_rows` source rows together. Errors: storage errors.
  static Result<std::unique_ptr<Checkpoint>> Make(const std::string& path,
                                                  const std::string& identity,
                                                  const std::vector<KeptPiece>& kept,
                                                  int64_t interval_rows);
  ~Checkpoint();  // puts the rest on record

  // Adds a piece. Its files stay from here on, whatever becomes of `files`.
  Status Add(const KeptPiece& piece, WrittenFiles* files);

 private:
  Checkpoint(std::unique_ptr<state::Journal> journal, int64_t interval_rows);
  void Flush();

  const std::unique_ptr<state::Journal> journal_;
  const int64_t interval_rows_;
  std::mutex mutex_;
  std::vector<std::string> waiting_;  // records; this and the rest are guarded by mutex_
  int64_t waiting_rows_ = 0;
};

}  // namespace spillway::pipeline
