#include "pipeline/memory_watch.h"

#include <algorithm>

#include "pipeline/clock.h"

namespace spillway::pipeline {
namespace {

// How soon a stop that the user wants is passed on.
constexpr std::chrono::milliseconds kTick{10};

}  // namespace

MemoryWatch::MemoryWatch(const Plan& plan, const Progress& progress,
                         const memory::PeakSampler& sampler, const StopSignal& user_stop,
                         const WatchOptions& options)
    : plan_(plan),
      progress_(progress),
      sampler_(sampler),
      user_stop_(user_stop),
      options_(options),
      stop_(user_stop.load()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

MemoryWatch::~MemoryWatch() {
  thread_.request_stop();
  thread_.join();
}

std::optional<memory::Shortage> MemoryWatch::stopped_for() const {
  const std::lock_guard lock(mutex_);
  return user_stop_.load() == 0 ? stopped_for_ : std::nullopt;
}

void MemoryWatch::Run(const std::stop_token& stop) {
  SteadyTime next_look = std::chrono::steady_clock::now();
  std::optional<SteadyTime> short_since;
  int own_stop = 0;
  while (!stop.stop_requested()) {
    stop_ = std::max(user_stop_.load(), own_stop);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_look && own_stop == 0) {
      next_look = now + options_.interval;
      const std::optional<memory::Shortage> shortage = Look();
      is_short_ = shortage.has_value();
      short_since = shortage ? short_since.value_or(now) : std::optional<SteadyTime>();
      const bool is_acute = shortage && shortage->is_acute;
      if (is_acute || (shortage && now - *short_since >= options_.patience)) {
        const bool may_wait = !is_acute && progress_.phase.load() == Phase::kChunks;
        own_stop = may_wait ? kStopAfterChunk : kStopNow;
        const std::lock_guard lock(mutex_);
        stopped_for_ = shortage;
        continue;
      }
    }
    std::this_thread::sleep_for(kTick);
  }
}

std::optional<memory::Shortage> MemoryWatch::Look() const {
  const auto limits = memory::FindMemoryLimits(plan_.memory_paths);
  if (!limits.ok()) return std::nullopt;
  return memory::FindShortage(*limits, sampler_.latest_bytes(), plan_.memory.bound_bytes,
                              static_cast<int>(plan_.spec.resources.max_memory_usage_percent));
}

}  // namespace spillway::pipeline
