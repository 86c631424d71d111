// How a splice puts ranges of a file into another, one thread, out of the page cache: by copying,
// into the page cache, and by writing directly, to the disk. (What is copied has yet to go to the
// disk; its writing is not measured.)
//
// Yardsticks: memcpy of the same bytes, and the program `cp` of a file of them. All times are
// processor time, that of `cp` included.
//   TMPDIR=/folder/with/1/GB build/copy_benchmark --benchmark_counters_tabular=true
#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <spawn.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/units.h"
#include "storage/file_descriptor.h"
#include "storage/file_range.h"

namespace spillway::storage {
namespace {

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

void CheckSystem(bool succeeded, const std::string& what) {
  if (!succeeded) Status::IOError(what).Abort();
}

double SecondsOf(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Of this process, and of those that it waited for.
double ProcessorSeconds() { return SecondsOf(RUSAGE_SELF) + SecondsOf(RUSAGE_CHILDREN); }

// Measures `copy`, which copies so many bytes.
template <typename Copy>
void Time(benchmark::State& state, int64_t bytes, Copy copy) {
  for (auto _ : state) {
    const double start = ProcessorSeconds();
    copy();
    state.SetIterationTime(ProcessorSeconds() - start);
  }
  state.SetBytesProcessed(state.iterations() * bytes);
}

// A file of noise and the name of another one beside it; both are gone in the end.
class SampleFiles {
 public:
  explicit SampleFiles(int64_t bytes)
      : folder_(std::filesystem::temp_directory_path() / fmt::format("copy-{}", ::getpid())) {
    std::filesystem::create_directory(folder_);
    std::vector<uint64_t> noise(static_cast<size_t>(kMiB) / sizeof(uint64_t));
    std::mt19937_64 bits(1);
    const FileDescriptor file = Create(source());
    for (int64_t written = 0; written < bytes; written += kMiB) {
      for (uint64_t& word : noise) word = bits();
      CheckSystem(::write(file.get(), noise.data(), static_cast<size_t>(kMiB)) == kMiB,
                  "cannot write " + source());
    }
  }
  SampleFiles(const SampleFiles&) = delete;
  SampleFiles& operator=(const SampleFiles&) = delete;
  ~SampleFiles() { std::filesystem::remove_all(folder_); }

  static FileDescriptor Create(const std::string& path, int more_flags = 0) {
    FileDescriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | more_flags, 0600));
    CheckSystem(file.is_open(), "cannot create " + path);
    return file;
  }

  FileDescriptor OpenSource() const {
    FileDescriptor file(::open(source().c_str(), O_RDONLY | O_CLOEXEC));
    CheckSystem(file.is_open(), "cannot open " + source());
    return file;
  }

  std::string source() const { return (folder_ / "source").string(); }
  std::string target() const { return (folder_ / "target").string(); }

 private:
  const std::filesystem::path folder_;
};

// All of the file to a new one, in ranges of the second argument.
void CopyRanges(benchmark::State& state) {
  const int64_t bytes = state.range(0) * kMiB;
  const int64_t range_bytes = state.range(1) * kKiB;
  const SampleFiles files(bytes);
  const std::string source_path = files.source();
  const std::string target_path = files.target();
  const FileDescriptor source = files.OpenSource();
  std::vector<uint8_t> buffer(static_cast<size_t>(512 * kKiB));
  Time(state, bytes, [&] {
    const FileDescriptor target = SampleFiles::Create(target_path);
    for (int64_t done = 0; done < bytes; done += range_bytes) {
      const int64_t size = std::min(range_bytes, bytes - done);
      Check(CopyRange({source.get(), source_path}, done, {target.get(), target_path}, done, size,
                      buffer));
    }
  });
}

// All of the file to a new one, where the file system can do that.
void WriteBlocks(benchmark::State& state) {
  const int64_t bytes = state.range(0) * kMiB;
  const SampleFiles files(bytes);
  const std::string source_path = files.source();
  const std::string target_path = files.target();
  const FileDescriptor source = files.OpenSource();
  const std::string folder = std::filesystem::path(source_path).parent_path().string();
  if (FindTransferMethod(source_path, folder).blocks != BlockTransfer::kDirect) {
    state.SkipWithError("no direct writes on this file system");
    return;
  }
  Time(state, bytes, [&] {
    const FileDescriptor target = SampleFiles::Create(target_path, O_DIRECT);
    const auto written =
        WriteDirectly({source.get(), source_path}, 0, {target.get(), target_path}, 0, bytes);
    CheckSystem(written.ok() && *written, "cannot write " + target_path);
  });
}

void Cp(benchmark::State& state) {
  const int64_t bytes = state.range(0) * kMiB;
  const SampleFiles files(bytes);
  std::string program = "cp";
  std::string flag = "--reflink=never";
  std::string source = files.source();
  std::string target = files.target();
  char* const arguments[] = {program.data(), flag.data(), source.data(), target.data(), nullptr};
  Time(state, bytes, [&] {
    pid_t child = 0;
    int result = 0;
    CheckSystem(::posix_spawnp(&child, "cp", nullptr, nullptr, arguments, environ) == 0,
                "cannot start cp");
    CheckSystem(::waitpid(child, &result, 0) == child && result == 0, "cp failed");
  });
}

void Memcpy(benchmark::State& state) {
  const std::vector<char> from(static_cast<size_t>(state.range(0) * kMiB), 'a');
  std::vector<char> to(from.size(), 'b');
  Time(state, static_cast<int64_t>(from.size()), [&] {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  });
}

BENCHMARK(CopyRanges)
    ->ArgNames({"MiB", "range_KiB"})
    ->ArgsProduct({{256}, {64, 1024, 100 * 1024}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(WriteBlocks)->ArgName("MiB")->Arg(256)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(Cp)->ArgName("MiB")->Arg(256)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(Memcpy)->ArgName("MiB")->Arg(256)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spillway::storage
