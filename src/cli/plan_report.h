// A plan as text for people and as JSON for programs.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "pipeline/plan.h"
#include "pipeline/time_estimate.h"

namespace spillway::cli {

// The estimate of a plan that fits, or why there is none.
using EstimatedTime = Result<pipeline::TimeEstimate>;

std::string PlanText(const pipeline::Plan& plan, const EstimatedTime& time);
// Inputs of which an earlier run's version is read.
nlohmann::ordered_json HeldJson(const pipeline::Plan& plan);

nlohmann::ordered_json PlanJson(const pipeline::Plan& plan, const EstimatedTime& time);

}  // namespace spillway::cli
