// What reports say of an expectation, of a run and of a validation alike.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "pipeline/bound_pipeline.h"
#include "pipeline/expectation_count.h"

namespace spillway::cli {

// "has_key: 3 of 100 rows do not meet it (warn)".
std::string ExpectationText(const pipeline::BoundExpectation& expectation,
                            const pipeline::ExpectationCount& count);

nlohmann::ordered_json ExpectationJson(const pipeline::BoundExpectation& expectation,
                                       const pipeline::ExpectationCount& count);

}  // namespace spillway::cli
