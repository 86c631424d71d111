// What the process really uses, as the kernel counts it, and the peak of it over time.
// Unreclaimable memory is RssAnon + RssShmem; file pages are left out, because the kernel takes
// them back when it needs them.
//
// Thread rule: ReadProcessMemory may be called from any thread. PeakSampler's Start and Stop belong
// to one thread; its readings may be taken from any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/status.h"

namespace spillway::memory {

struct ProcessMemory {
  int64_t rss_anon_bytes;   // heap, stacks
  int64_t rss_shmem_bytes;  // shared memory and tmpfs mappings
  int64_t rss_file_bytes;   // mapped files: programs, libraries; reclaimable
  int64_t peak_rss_bytes;   // VmHWM: the most of all three at once since the process began

  int64_t unreclaimable_bytes() const { return rss_anon_bytes + rss_shmem_bytes; }
};

// Reads /proc/self/status, without allocating. Fails with kStorage where it cannot be read.
Result<ProcessMemory> ReadProcessMemory();

// Reads the text of a /proc/<pid>/status file. Fails with kStorage on a field that is missing.
Result<ProcessMemory> ParseProcessMemory(std::string_view status_text);

// Samples the process's unreclaimable memory on a thread of its own. The peak between two samples
// is not seen, so it is a lower bound, close where allocations live longer than the interval.
class PeakSampler {
 public:
  static constexpr std::chrono::milliseconds kDefaultInterval{20};

  explicit PeakSampler(std::chrono::milliseconds interval = kDefaultInterval);
  ~PeakSampler();
  PeakSampler(const PeakSampler&) = delete;
  PeakSampler& operator=(const PeakSampler&) = delete;

  // Takes a sample and starts the thread; does nothing when it runs already. The peak is kept over
  // a stop and a new start.
  Status Start();

  // Takes a last sample and ends the thread; does nothing when none runs.
  void Stop();

  // The highest and the latest sample of RssAnon + RssShmem; 0 before the first Start.
  int64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  int64_t latest_bytes() const { return latest_bytes_.load(std::memory_order_relaxed); }

 private:
  Status TakeSample();
  void Run(const std::stop_token& stop);

  const std::chrono::milliseconds interval_;
  std::atomic<int64_t> peak_bytes_{0};
  std::atomic<int64_t> latest_bytes_{0};
  std::mutex mutex_;  // only for the timed wait
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace spillway::memory
