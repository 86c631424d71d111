#include "memory/budget.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

// One line of /proc/self/cgroup is "id:controllers:/path"; v2's is "0::/path".
struct Membership {
  std::optional<std::string> v1_memory;
  std::optional<std::string> v2;
};

Membership ReadMembership(const std::string& path) {
  Membership membership;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers.find(",memory,") != std::string::npos) membership.v1_memory = group;
    if (line.starts_with("0::")) membership.v2 = group;
  }
  return membership;
}

// The number in a limit file; none where there is no file, or where it says "max".
std::optional<int64_t> ReadLimit(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  int64_t bytes = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), bytes);
  if (error != std::errc{} || end != word.data() + word.size() || bytes < 0) return std::nullopt;
  return bytes;
}

struct CgroupTree {
  std::string mount;
  std::string limit_file;
  std::string name;
  std::string_view prefix;  // of what a group's memory.stat counts with the groups below it
  std::string_view anonymous;
};

// Anonymous and shared memory of a group and of those below it; 0 where no file tells.
int64_t ReadUsed(const CgroupTree& tree, const std::string& group) {
  const std::string anonymous = fmt::format("{}{}", tree.prefix, tree.anonymous);
  const std::string shared = fmt::format("{}shmem", tree.prefix);
  std::ifstream file(tree.mount + group + "/memory.stat");
  std::string name;
  int64_t used = 0;
  for (int64_t count = 0; file >> name >> count;) {
    if (name == anonymous || name == shared) used += count;
  }
  return used;
}

// The limit of `group` and of every group above it: each of them binds. A container that sees only
// its own part of the tree has no folder for the path that /proc names, but its own root has the
// container's limit, and the walk ends there.
void CollectLimits(const CgroupTree& tree, std::string group, std::vector<MemoryLimit>* limits) {
  while (true) {
    while (group.ends_with('/')) group.pop_back();
    if (const auto bytes = ReadLimit(tree.mount + group + "/" + tree.limit_file)) {
      limits->push_back({*bytes,
                         fmt::format("the {} limit of {} ({})", tree.name, FormatByteSize(*bytes),
                                     group.empty() ? "/" : group),
                         ReadUsed(tree, group)});
    }
    if (group.empty()) return;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

// A line of /proc/meminfo, which is in KiB.
std::optional<int64_t> ReadRamBytes(const std::string& path, std::string_view line) {
  std::ifstream file(path);
  std::string name;
  for (int64_t kibibytes = 0; file >> name;) {
    if (name == line && file >> kibibytes) return kibibytes * kKiB;
    file.ignore(4096, '\n');
  }
  return std::nullopt;
}

Status RefuseRequest(std::string what, std::string cure) {
  return MakeError(
      {.code = ErrorCode::kValueOutOfRange, .what = std::move(what), .cure = std::move(cure)});
}

}  // namespace

Result<std::vector<MemoryLimit>> FindMemoryLimits(const MemorySystemPaths& paths) {
  std::vector<MemoryLimit> limits;
  const Membership membership = ReadMembership(paths.cgroup_membership);
  if (membership.v1_memory) {
    CollectLimits({paths.cgroup_v1_memory, "memory.limit_in_bytes", "cgroup v1", "total_", "rss"},
                  *membership.v1_memory, &limits);
  }
  if (membership.v2) {
    for (const std::string& mount : {paths.cgroup_v2_unified, paths.cgroup_v2_hybrid}) {
      CollectLimits({mount, "memory.max", "cgroup v2", "", "anon"}, *membership.v2, &limits);
    }
  }
  if (const auto ram = ReadRamBytes(paths.meminfo, "MemTotal:")) {
    const int64_t available = ReadRamBytes(paths.meminfo, "MemAvailable:").value_or(*ram);
    limits.push_back({*ram, fmt::format("the RAM of {}", FormatByteSize(*ram)), *ram - available});
  }
  if (limits.empty()) {
    return MakeError({.code = ErrorCode::kInternal,
                      .what = "cannot find out how much memory the machine has",
                      .where = paths.meminfo});
  }
  return limits;
}

Result<MemoryLimit> FindMemoryLimit(const MemorySystemPaths& paths) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<MemoryLimit> limits, FindMemoryLimits(paths));
  return *std::min_element(
      limits.begin(), limits.end(),
      [](const MemoryLimit& left, const MemoryLimit& right) { return left.bytes < right.bytes; });
}

Result<Budget> DetermineBudget(std::optional<int64_t> requested_bytes, int max_memory_usage_percent,
                               const MemorySystemPaths& paths) {
  if (requested_bytes && *requested_bytes <= 0) {
    return RefuseRequest(fmt::format("a memory budget of {} bytes", *requested_bytes),
                         "use a size such as 512MiB");
  }
  if (max_memory_usage_percent < 1 || max_memory_usage_percent > 100) {
    return RefuseRequest(fmt::format("max_memory_usage is {} %", max_memory_usage_percent),
                         "use a percentage from 1 to 100");
  }
  const Result<MemoryLimit> limit = FindMemoryLimit(paths);
  if (requested_bytes && (!limit.ok() || *requested_bytes <= limit->bytes)) {
    return Budget{*requested_bytes, "--memory"};
  }
  if (!limit.ok()) {
    return MakeError({.code = ErrorCode::kStorage,
                      .what = "cannot find out how much memory the machine has",
                      .where = paths.meminfo,
                      .cure = "mount /proc: mount -t proc proc /proc"});
  }
  if (requested_bytes) {
    return Budget{limit->bytes, fmt::format("{}, which is below --memory {}", limit->source,
                                            FormatByteSize(*requested_bytes))};
  }
  // Divided first: the product of a large limit and a percentage may not fit 64 bits.
  const int64_t bytes = limit->bytes / 100 * max_memory_usage_percent +
                        limit->bytes % 100 * max_memory_usage_percent / 100;
  return Budget{bytes, fmt::format("{} % of {}", max_memory_usage_percent, limit->source)};
}

Result<Budget> DetermineBudget(std::optional<int64_t> requested_bytes,
                               int max_memory_usage_percent) {
  return DetermineBudget(requested_bytes, max_memory_usage_percent, MemorySystemPaths{});
}

}  // namespace spillway::memory
