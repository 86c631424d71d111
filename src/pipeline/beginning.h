// Where a run begins: anew, or behind the last commit of an earlier one, with the versions of the
// inputs that that one had pinned. The target's own log decides it, so that any machine does.
//
// Thread rule: free functions and plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "delta/snapshot.h"
#include "pipeline/inputs.h"
#include "pipeline/progress_record.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// How a run is to begin.
struct Beginning {
  bool fresh = false;         // anew, although an earlier run has finished or begun
  bool only_looks = false;    // for the last run of this pipeline, whatever came after it
  bool append_again = false;  // fresh, although rows of the pipeline stand in the target
  std::string ours = {};  // but not anew after this app id, of an earlier attempt of the same run
};

struct Start {
  ProgressRecord progress;
  std::vector<InputPin> pins;  // of the inputs to read
};

// Where a run of `spec` begins that would write `target` (null: there is no table yet); `now` are
// the inputs' versions that the pipeline file asks for.
//
// It goes on with the last run of the same pipeline that has not finished, and with the versions
// which that had pinned; only those of inputs whose version the file gives have to be the same.
// After a run of another plan it begins anew where that has finished and the target is overwritten.
// Errors: kPlanChanged where an earlier run has not finished and the pipeline is another one, or a
// changed plan would append rows to those of the earlier one; kProgressForgotten where the table
// lets txn actions expire, so that nobody knows whether the rows to be appended are there.
//
// `fresh` overrides all three where the target is overwritten. Rows that were appended stay: a run
// that has begun to append goes on, unless none of its rows are left; and with rows of the pipeline
// in the target, all rows are only appended once more with `append_again`, else kPlanChanged.
Result<Start> FindStart(const spec::Spec& spec, const delta::Snapshot* target,
                        const std::vector<InputPin>& now, const Beginning& beginning);

}  // namespace spillway::pipeline
