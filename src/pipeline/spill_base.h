// Where a run spills: in `resources.spill_directory`, or in a folder of its own in the target's.
//
// Thread rule: a free function.
#pragma once

#include "pipeline/plan.h"
#include "spill/spill_directory.h"

namespace spillway::pipeline {

inline spill::SpillBase SpillBaseOf(const Plan& plan) {
  const std::optional<spec::LocatedText>& given = plan.spec.resources.spill_directory;
  if (given) return {.path = plan.spec.Resolve(*given)};
  return {.path = plan.target.path + "/_spillway", .is_own = true};
}

}  // namespace spillway::pipeline
