// What a validation found, as text for people and as JSON for programs.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "pipeline/validation.h"

namespace spillway::cli {

std::string ValidationText(const pipeline::Plan& plan, const pipeline::ValidationReport& report);
nlohmann::ordered_json ValidationJson(const pipeline::Plan& plan,
                                      const pipeline::ValidationReport& report);

}  // namespace spillway::cli
