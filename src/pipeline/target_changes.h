// What others have done to the target of a run since it finished: the run's txn alone does not tell
// that its rows are still there.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "delta/snapshot.h"
#include "pipeline/committed_files.h"
#include "spec/spec.h"

namespace spillway::pipeline {

struct TargetChanges {
  std::optional<FileFate> loss;  // the first commit that took rows of the run out, or changed them
  int64_t foreign_rows = 0;      // that are not the run's, in a table that has only such
};

// Of the run of `app_id`, which has finished. Nothing where the log has lost commits of it.
Result<TargetChanges> FindTargetChanges(const spec::Spec& spec, const delta::Snapshot& target,
                                        const std::string& app_id);

// kCommitConflict, saying what to do, where rows of the run are gone from `target`.
Status CheckRowsAreLeft(const spec::Spec& spec, const delta::Snapshot& target,
                        const TargetChanges& changes);

}  // namespace spillway::pipeline
