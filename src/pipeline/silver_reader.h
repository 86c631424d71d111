// The rows of the target, as a stream: source rows, joined with the lookups, with the derived
// columns. A run writes them, a validation compares them with what was written.
//
// Thread rule: a stream belongs to one thread; what it is made from outlives it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"
#include "pipeline/source_use.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {

// Streams the rows with ordinals [first, end) of `table`, and counts them as done. Ends with
// Status::Cancelled when the stop signal says so. `uses` as in ScanTable.
ReaderPointer ReadCounted(const RunContext& context, const PinnedTable& table, int64_t first,
                          int64_t end, std::vector<ColumnUse> uses = {}, bool threads = false);

expression::EvaluationContext EvaluationContextOf(const RunContext& context, const Moment& moment);

struct SilverOptions {
  std::vector<ColumnUse> uses = {};              // as in ScanTable
  bool* rows_changed = nullptr;                  // as in MakeLookupStage
  std::vector<LookupCounts>* lookups = nullptr;  // added to, by lookup
  DeriveOptions derive = {};
};

// Streams the source rows of `piece` that `where` keeps. `uses` as in ScanTable.
ReaderPointer ReadSource(const RunContext& context, const Piece& piece, const Moment& moment,
                         std::vector<ColumnUse> uses);

// Joins `rows`, which are those of ReadSource, with all of `lookups`, which may be the first few of
// the pipeline's. Sizes and pool of `options` are the run's; `counts`, if given, are by lookup.
Result<ReaderPointer> JoinLookups(const RunContext& context, const Lookups& lookups,
                                  const Piece& piece, const Moment& moment, ReaderPointer rows,
                                  LookupStageOptions options = {},
                                  std::vector<LookupCounts>* counts = nullptr);

// Streams the source rows of `piece` that `where` keeps, joined with the lookups, and behind their
// columns a number that the rows of one source row share and that grows with the ordinal.
Result<ReaderPointer> ReadNumbered(const RunContext& context, const Lookups& lookups,
                                   const Piece& piece, const Moment& moment);

// Streams the target's rows for the source rows of `piece`, in their order; batches have the
// pipeline's output schema.
Result<ReaderPointer> ReadSilver(const RunContext& context, const Lookups& lookups,
                                 const Piece& piece, const Moment& moment,
                                 const SilverOptions& options = {});

}  // namespace spillway::pipeline
