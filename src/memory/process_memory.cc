#include "memory/process_memory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"

namespace spillway::memory {
namespace {

constexpr char kStatusPath[] = "/proc/self/status";

Status CannotRead(std::string why) {
  return MakeError({.code = ErrorCode::kStorage,
                    .what = "cannot read the process's memory use",
                    .where = kStatusPath,
                    .why = std::move(why),
                    .cure = "mount /proc: mount -t proc proc /proc"});
}

// The value of a line "RssAnon:      112 kB"; `name` is given with its colon.
std::optional<int64_t> FindField(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    int64_t kibibytes = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), kibibytes);
    if (error != std::errc{}) return std::nullopt;
    return kibibytes * kKiB;
  }
  return std::nullopt;
}

}  // namespace

Result<ProcessMemory> ParseProcessMemory(std::string_view status_text) {
  const auto anon = FindField(status_text, "RssAnon:");
  const auto shmem = FindField(status_text, "RssShmem:");
  const auto file = FindField(status_text, "RssFile:");
  const auto peak = FindField(status_text, "VmHWM:");
  if (!anon || !shmem || !file || !peak) {
    return CannotRead("RssAnon, RssShmem, RssFile or VmHWM is missing; Linux has them since 4.5");
  }
  return ProcessMemory{*anon, *shmem, *file, *peak};
}

Result<ProcessMemory> ReadProcessMemory() {
  const int file = ::open(kStatusPath, O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(std::strerror(errno));
  std::array<char, 8192> text;  // the file has about 1.5 KiB, more where there are many NUMA nodes
  size_t length = 0;
  ssize_t count = 0;
  do {
    count = ::read(file, text.data() + length, text.size() - length);
    if (count > 0) length += static_cast<size_t>(count);
  } while (count > 0 || (count < 0 && errno == EINTR));
  const int error_number = errno;
  ::close(file);
  if (count < 0) return CannotRead(std::strerror(error_number));
  return ParseProcessMemory({text.data(), length});
}

PeakSampler::PeakSampler(std::chrono::milliseconds interval) : interval_(interval) {}

PeakSampler::~PeakSampler() { Stop(); }

Status PeakSampler::Start() {
  if (thread_.joinable()) return Status::OK();
  ARROW_RETURN_NOT_OK(TakeSample());
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return Status::OK();
}

void PeakSampler::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Status PeakSampler::TakeSample() {
  ARROW_ASSIGN_OR_RAISE(const ProcessMemory memory, ReadProcessMemory());
  const int64_t bytes = memory.unreclaimable_bytes();
  latest_bytes_.store(bytes, std::memory_order_relaxed);
  if (bytes > peak_bytes()) peak_bytes_.store(bytes, std::memory_order_relaxed);
  return Status::OK();
}

// A sample that cannot be read is left out: the first one, in Start, could be.
void PeakSampler::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, interval_, [] { return false; });
    static_cast<void>(TakeSample());
  }
}

}  // namespace spillway::memory
