// Whether the disks have room for what a plan's run writes, as far as a plan can tell.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

// Of the columns that are copied as they are stored, what is left to be written.
int64_t BytesToCopy(const Plan& plan);

// kStorageFull, with both numbers, where the target's disk has not even room for these. What new
// columns take cannot be known before they are made.
Status CheckRoom(const Plan& plan);

// A line for each disk that may be too small: for a copy of the source's size, or for what is
// spilled.
std::vector<std::string> RoomWarnings(const Plan& plan);

// Whether the run may write to its folders: the state's, and the one where it spills. Errors: those
// of storage::CheckWritable.
Status CheckFolders(const Plan& plan);

}  // namespace spillway::pipeline
