// How large the parts of an external join are to be, and what it takes at most, before a row is
// read.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "join/external_join_options.h"
#include "join/lookup_index.h"
#include "join/matches.h"

namespace spillway::join {

// What is known of the two sides: counts, and upper bounds of bytes (see ColumnSize).
struct ExternalJoinInputs {
  int64_t lookup_rows = 0;
  std::vector<ColumnSize> keys;
  std::vector<ColumnSize> payload;
  DuplicatePolicy duplicates = DuplicatePolicy::kExpand;
  int64_t source_rows = 0;
  int64_t pieces = 1;
  int lanes = 1;
  bool compress = false;
};

struct ExternalJoinLine {
  std::string what;
  int64_t bytes = 0;
};

struct ExternalJoinPhase {
  std::string name;
  std::vector<ExternalJoinLine> lines;  // what is held at the phase's worst moment
  int64_t bytes() const;
};

struct ExternalJoinPlan {
  ExternalJoinSizes sizes;
  std::vector<ExternalJoinPhase> phases;
  int64_t bound_bytes = 0;     // the most that the join's pool gives at any moment
  int64_t smallest_bytes = 0;  // the bound of the smallest join that there is
  int64_t spilled_bytes = 0;   // an upper bound of what goes to the disk
};

// The plan for a budget. Where that is below smallest_bytes, the smallest join is planned, whose
// bound is above the budget. The bound leaves out what MakeMatcher's pool gives. It takes a source
// row to have one match as a rule: of more, each block takes 16 bytes. A row that is longer than a
// block or a partition's share takes its length once more in each lane.
ExternalJoinPlan PlanExternalJoin(const ExternalJoinInputs& inputs, int64_t budget_bytes);

}  // namespace spillway::join
