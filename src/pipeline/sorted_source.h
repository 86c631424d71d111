// The source in key order: its rows, filtered and joined with the lookups, are sorted by the first
// lookup's key, and then read, derived and written chunk after chunk.
//
// Thread rule: one thread; Sort starts lanes of its own.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "pipeline/chunk.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"
#include "pipeline/written_files.h"
#include "sort/external_sort.h"
#include "spill/spill_directory.h"

namespace spillway::pipeline {

class SortedSource {
 public:
  // Reads the pieces in lanes, and sorts their rows; the rows are those of `moment`. What `context`
  // refers to must outlive the result. Errors: those of Run; Status::Cancelled where the stop
  // signal asks for any stop.
  static Result<std::unique_ptr<SortedSource>> Sort(const RunContext& context,
                                                    const std::vector<Piece>& pieces,
                                                    const Lookups& lookups, const Moment& moment);

  // What a run of the same plan has sorted that was killed behind it; null where there is none, or
  // the machine was started anew since. It is only ever a help: what does not fit is sorted again.
  static std::unique_ptr<SortedSource> TakeOver(const RunContext& context);

  // Gets ready to read the rows, behind those that are written. The lookups are not wanted any
  // more, and their memory is.
  Status StartReading();

  // Writes the rows of the next chunk; `now_micros` is what current_timestamp() gives. Where no row
  // is left behind them, the chunk becomes the last one. Errors as Sort.
  Result<WrittenFiles> WriteChunk(Chunk* chunk, int64_t now_micros);

  spill::SpillUsage spilled() const { return directory_->usage(); }

 private:
  SortedSource(const RunContext& context, std::unique_ptr<spill::SpillDirectory> directory,
               std::unique_ptr<sort::ExternalSort> sort);
  static Result<std::unique_ptr<SortedSource>> Make(
      const RunContext& context, std::unique_ptr<spill::SpillDirectory> directory);
  Status Save() const;

  const RunContext context_;
  const std::unique_ptr<spill::SpillDirectory> directory_;
  const std::unique_ptr<sort::ExternalSort> sort_;
  std::unique_ptr<sort::MergedRows> rows_;
  bool is_saved_ = false;
};

}  // namespace spillway::pipeline
