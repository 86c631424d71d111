// A plan as text for people and as JSON for programs.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "pipeline/plan.h"

namespace spillway::cli {

std::string PlanText(const pipeline::Plan& plan);
nlohmann::ordered_json PlanJson(const pipeline::Plan& plan);

// "standard" or "chunked".
std::string ModeName(pipeline::RunMode mode);

}  // namespace spillway::cli
