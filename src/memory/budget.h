// The budget: how many bytes of unreclaimable memory the whole process may use. It is what the user
// asked for, or a share of what the machine gives: the smallest of physical RAM and the limits of
// the control groups (cgroup v1 and v2) that the process lives in.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace spillway::memory {

struct Budget {
  int64_t total_bytes;
  std::string origin;  // for people: "--memory", "80 % of the cgroup v1 limit of 1.0 GiB (/a/b)"
};

// The files that say how much memory there is. Tests point them at folders of their own.
struct MemorySystemPaths {
  std::string cgroup_membership = "/proc/self/cgroup";
  std::string cgroup_v1_memory = "/sys/fs/cgroup/memory";
  std::string cgroup_v2_unified = "/sys/fs/cgroup";
  std::string cgroup_v2_hybrid = "/sys/fs/cgroup/unified";
  std::string meminfo = "/proc/meminfo";
};

// A hard limit on the process's memory that the machine imposes.
struct MemoryLimit {
  int64_t bytes;
  std::string source;  // "the cgroup v1 limit of 1.0 GiB (/a/b)", "the RAM of 23.5 GiB"
  int64_t used_bytes;  // of it, by all processes; without file pages, which the kernel takes back
};

// All hard limits that bind the process: RAM, the limit of its own cgroup, those of the ones above
// it. Fails with kInternal where none can be read.
Result<std::vector<MemoryLimit>> FindMemoryLimits(const MemorySystemPaths& paths);

// The smallest of them.
Result<MemoryLimit> FindMemoryLimit(const MemorySystemPaths& paths);

// The budget. With `requested_bytes` it is that number, but never more than the hard limit: above
// it the kernel would kill the process, whatever we asked for; `origin` then says so. Without it,
// it is `max_memory_usage_percent` (1 to 100) of the hard limit. Fails with kValueOutOfRange on a
// request that is not positive and on a percentage outside its range.
Result<Budget> DetermineBudget(std::optional<int64_t> requested_bytes,
                               int max_memory_usage_percent);
Result<Budget> DetermineBudget(std::optional<int64_t> requested_bytes, int max_memory_usage_percent,
                               const MemorySystemPaths& paths);

}  // namespace spillway::memory
