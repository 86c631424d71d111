// Ctrl-C and kill. What the first signal does depends on the command: one that writes nothing ends
// at once; others are asked to stop, at once or after their chunk. Each further signal is one step
// more urgent, and the last step is to end the process where it stands.
//
// Thread rule: made and destroyed in the main thread; the inner of two is the one that counts.
#pragma once

#include <csignal>

#include "pipeline/progress.h"

namespace spillway::cli {

enum class FirstSignal {
  kFinishesTheChunk,  // then the second stops at once, and the third ends the process
  kStops,             // then the second ends the process
  kEnds,
};

class StopOnSignals {
 public:
  explicit StopOnSignals(FirstSignal first);
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

  const pipeline::StopSignal& stop() const;

  // 130 after SIGINT, 143 after SIGTERM, 0 if none came.
  int exit_code() const;

 private:
  const int outer_first_level_;
  struct sigaction outer_interrupt_ = {};
  struct sigaction outer_terminate_ = {};
};

}  // namespace spillway::cli
