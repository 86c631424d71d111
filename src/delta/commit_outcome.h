// What became of a commit. Losing a race is an outcome, not an error.
#pragma once

#include <cstdint>

namespace spillway::delta {

struct CommitOutcome {
  bool committed = false;
  int64_t version = 0;  // the version we committed, or the one that another writer took first
};

}  // namespace spillway::delta
