// Reads the lookups of a run, and makes ready for its rows what is found in them: an index in
// memory, or, of a lookup that the plan joins out of core, all its matches with the source.
//
// Thread rule: one thread, which starts the plan's lanes.
#pragma once

#include <vector>

#include "base/status.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"

namespace spillway::pipeline {

// `pieces` are those that will be read. `moment` is that of the lookups' own expressions and, where
// a lookup is joined out of core, of what decides which source rows there are: the pieces have to
// be read with the same one. Grants the memory for streaming. Errors are those of Run.
Result<Lookups> BuildLookups(const RunContext& context, const std::vector<Piece>& pieces,
                             const Moment& moment);

}  // namespace spillway::pipeline
