// Watches, while a run goes on, whether the memory that other processes use still leaves it its
// bound, and makes it give way before the kernel kills one of them: first lanes wait, which keeps
// the run from growing; where that does not help for a while it is stopped, at the end of a chunk;
// and where the limit is near, at once. It can then be planned anew for what is left.
//
// Thread rule: the watch has a thread of its own; what it tells may be read from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "memory/budget.h"
#include "memory/process_memory.h"
#include "memory/watermark.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"

namespace spillway::pipeline {

struct WatchOptions {
  std::chrono::milliseconds interval{50};
  std::chrono::milliseconds patience{2'000};  // how long lanes wait before the run is stopped
};

class MemoryWatch {
 public:
  // `plan`, `progress`, `sampler` and `user_stop` outlive it.
  MemoryWatch(const Plan& plan, const Progress& progress, const memory::PeakSampler& sampler,
              const StopSignal& user_stop, const WatchOptions& options = {});
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // What the user wants, or the watch: a stop after the chunk, or at once before there is one.
  const StopSignal& stop() const { return stop_; }

  // Whether lanes but one are to wait.
  const std::atomic<bool>& is_short() const { return is_short_; }

  // The shortage for which the run was stopped; none where it was not, or the user wanted it too.
  std::optional<memory::Shortage> stopped_for() const;

 private:
  void Run(const std::stop_token& stop);
  std::optional<memory::Shortage> Look() const;

  const Plan& plan_;
  const Progress& progress_;
  const memory::PeakSampler& sampler_;
  const StopSignal& user_stop_;
  const WatchOptions options_;
  StopSignal stop_{0};
  std::atomic<bool> is_short_{false};
  mutable std::mutex mutex_;
  std::optional<memory::Shortage> stopped_for_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace spillway::pipeline
