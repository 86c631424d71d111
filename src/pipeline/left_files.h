// Data files that a killed run wrote and did not commit. They are of no table, and nobody else will
// ever remove them but a vacuum.
//
// Thread rule: a free function, under the pipeline's RunLock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/checkpoint.h"
#include "state/run_record.h"

namespace spillway::pipeline {

// Removes the files of the run of `record` from the table at `table_path` that no commit refers to
// and no piece of `kept` has, and returns how many. Where the log does not tell any more what was
// committed, all stay. Errors: those of Snapshot::Open and CommitStream, and storage errors.
Result<int64_t> RemoveLeftFiles(const std::string& table_path, const state::RunRecord& record,
                                const std::vector<KeptPiece>& kept);

}  // namespace spillway::pipeline
