// Shows a running job on standard error: a bar that is drawn over on a terminal, else a line every
// five seconds. It only reads the Progress; standard output stays for results.
//
// Thread rule: made and destroyed by one thread; draws from a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/terminal.h"
#include "pipeline/progress.h"

namespace spillway::cli {

class ProgressBar {
 public:
  // `budget_bytes` 0: memory is shown without a limit. `progress` outlives the bar.
  ProgressBar(const pipeline::Progress& progress, int64_t budget_bytes, const Terminal& terminal);

  // Draws a last time and leaves the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void Run(const std::stop_token& stop);
  void Draw();
  std::string Line();

  const pipeline::Progress& progress_;
  const int64_t budget_bytes_;
  const Terminal terminal_;
  pipeline::Phase phase_ = pipeline::Phase::kPlanning;  // that is shown
  std::chrono::steady_clock::time_point phase_start_;
  int64_t rows_at_phase_start_ = 0;
  bool drawn_ = false;
  std::mutex mutex_;  // only for the timed wait
  std::condition_variable_any wake_;
  std::jthread thread_;
};

// Null where `quiet`.
std::unique_ptr<ProgressBar> ProgressBarUnlessQuiet(bool quiet, const pipeline::Progress& progress,
                                                    int64_t budget_bytes);

// "[######----]  42 %" of `columns` characters, at least 12; whole where `total` is 0. The
// percentage is rounded down, so that 100 % means done.
std::string Bar(int64_t done, int64_t total, int columns);

}  // namespace spillway::cli
