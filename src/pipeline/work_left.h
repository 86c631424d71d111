// What a plan leaves to do: the pieces that an earlier run has written, and the chunks of all that
// is not committed.
//
// Thread rule: free functions.
#pragma once

#include "pipeline/plan.h"

namespace spillway::pipeline {

// Sets the plan's `kept`, once it is known how far the run's commits have come.
void FindKept(Plan* plan);

// Sets the plan's `chunks`, once its mode is known.
void CutWork(Plan* plan);

// What is left to do as runs of the source's rows; see PiecesOf.
std::vector<Chunk> ChunksOfSource(const Plan& plan);

}  // namespace spillway::pipeline
