// Where the state of a pipeline's runs is: its lock, its record, what it spills. All of it may be
// lost without losing a row.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include "pipeline/plan.h"
#include "spill/spill_directory.h"

namespace spillway::pipeline {

// A folder of the target that no reader of Delta tables looks into.
std::string StateFolderOf(const Plan& plan);

// What the files of one pipeline are called there: its name, as far as a file can have it, and a
// hash of it.
std::string StateNameOf(const spec::Spec& spec);

// Where a run puts on record what it has written; see checkpoint.h.
std::string CheckpointPathOf(const Plan& plan);

// Where a run spills: in `resources.spill_directory`, or in the state folder.
spill::SpillBase SpillBaseOf(const Plan& plan);

}  // namespace spillway::pipeline
