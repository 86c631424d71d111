// How far a run came, as the target's log tells it. A run is known by its identity: the pipeline's
// name and a hash of all that decides its rows, the inputs' pinned versions among it. Its commits
// carry a txn action with an app id made from that identity, and as version the ordinal behind the
// last source row that is committed. So the log alone says where to go on.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "delta/snapshot.h"
#include "spec/spec.h"

namespace spillway::pipeline {

struct ProgressRecord {
  std::string app_id;
  std::optional<int64_t> committed_ordinal;  // none: nothing was committed under app_id
};

// "spillway:silver_accident:0123456789abcdef0123456789abcdef".
std::string PlanIdentity(const spec::Spec& spec, const delta::Snapshot& source,
                         const std::vector<std::unique_ptr<delta::Snapshot>>& lookups);

// The latest run of `identity` in `target` (null: there is no table yet); with `fresh`, a run that
// has not begun: the n-th repetition of a run has ":n" at the end of its app id.
Result<ProgressRecord> FindProgress(const delta::Snapshot* target, const std::string& identity,
                                    bool fresh);

}  // namespace spillway::pipeline
