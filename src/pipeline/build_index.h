// Reads rows of a lookup, and makes an index of them.
//
// Thread rule: free functions; each call by one thread, which may start others.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/status.h"
#include "join/external_join.h"
#include "join/lookup_index.h"
#include "pipeline/key_ranges.h"
#include "pipeline/run_context.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {

// Key and payload of the lookup's rows in `ranges`, its columns decoded side by side if `threads`.
// All arguments outlive the reader.
ReaderPointer ReadLookup(const RunContext& context, size_t lookup,
                         const std::vector<RowRange>& ranges, const Moment& moment, bool threads);

// An index of those rows.
Result<std::unique_ptr<join::LookupIndex>> BuildIndex(const RunContext& context, size_t lookup,
                                                      const std::vector<RowRange>& ranges,
                                                      const Moment& moment);

// kDuplicateLookupKey where two rows of `ranges`, whole row groups, have one key. Reads the key's
// columns alone, none of which is an expression.
Status CheckDuplicates(const RunContext& context, size_t lookup,
                       const std::vector<RowRange>& ranges);

// The options of the join out of core of a lookup with so many pieces of the source.
join::ExternalJoinOptions ExternalJoinOptionsOf(const RunContext& context, size_t lookup,
                                                int64_t pieces, spill::SpillDirectory* directory);

}  // namespace spillway::pipeline
