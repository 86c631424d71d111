// Ctrl-C and kill: the first asks the job to finish its chunk and stop, the second to stop at once.
//
// Thread rule: one StopOnSignals at a time, made in the main thread.
#pragma once

#include "pipeline/progress.h"

namespace spillway::cli {

class StopOnSignals {
 public:
  StopOnSignals();
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

  const pipeline::StopSignal& stop() const;

  // 130 after SIGINT, 143 after SIGTERM, 0 if none came.
  int exit_code() const;
};

}  // namespace spillway::cli
