// How a plan's work is done within its budget: in how many lanes, in pieces of which size, which
// lookups are out of core, which row groups splice; and the smallest budget with which it can be.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/memory_plan.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

// What the indexes of all lookups take, were each in memory.
int64_t IndexBytesOf(const Plan& plan);

// Chooses for a plan whose tables are pinned with the sizes of `ways`, and whose work is cut. Where
// nothing fits its budget, the plan is that of the smallest one that would do.
void ChooseWay(std::vector<WorkPlan> ways, const PlanOptions& options, Plan* plan);

// What makes a plan that does not fit one that does: "give --memory 64MiB or more".
std::string CureOf(const Plan& plan);

}  // namespace spillway::pipeline
