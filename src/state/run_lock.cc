// Whoever gives a lock back unlinks its file first, so that another process may have opened a file
// without a name meanwhile: a lock counts only while its file still has one.
#include "state/run_lock.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <random>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/process.h"
#include "base/units.h"
#include "storage/durable_file.h"
#include "storage/file_lock.h"

namespace spillway::state {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr int kMostTries = 100;
constexpr size_t kMostBytes = 4096;  // of a lock file that is read

struct Holder {
  std::string token;  // different for any two runs
  std::string host;
  int64_t process = 0;
  std::string started;

  static Holder Self() {
    std::random_device random;
    return {.token = fmt::format("{:08x}{:08x}", random(), random()),
            .host = HostName(),
            .process = ::getpid(),
            .started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))};
  }

  std::string Text() const {
    return nlohmann::ordered_json{
               {"token", token}, {"host", host}, {"process", process}, {"started", started}}
               .dump() +
           "\n";
  }
};

// Who wrote the lock file last; none where it is empty, or not whole.
std::optional<Holder> ReadHolder(const storage::FileDescriptor& file) {
  std::string text(kMostBytes, '\0');
  const ssize_t bytes = ::pread(file.get(), text.data(), text.size(), 0);
  if (bytes <= 0) return std::nullopt;
  text.resize(static_cast<size_t>(bytes));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto text_of = [&json](const char* key) {
    const auto value = json.find(key);
    return value != json.end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  Holder holder{.token = text_of("token"), .host = text_of("host"), .started = text_of("started")};
  const auto process = json.find("process");
  if (process != json.end() && process->is_number_integer()) holder.process = *process;
  return holder;
}

Status WriteHolder(const storage::FileDescriptor& file, const Holder& holder,
                   const std::string& path) {
  if (::ftruncate(file.get(), 0) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return storage::StorageError(errno, "write the lock file", path);
  }
  return storage::WriteAll(file, holder.Text(), path);
}

Seconds SinceTouched(const struct stat& facts) {
  struct timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return Seconds(static_cast<double>(now.tv_sec - facts.st_mtim.tv_sec) +
                 static_cast<double>(now.tv_nsec - facts.st_mtim.tv_nsec) * 1e-9);
}

Status AliveError(const std::string& path, const storage::FileDescriptor& file) {
  std::string who = "another process";
  std::string stop = "stop it";
  if (const std::optional<Holder> holder = ReadHolder(file)) {
    who = fmt::format("process {} on {}, started at {}", holder->process, holder->host,
                      holder->started);
    stop = fmt::format("stop it (kill {})", holder->process);
  }
  struct stat facts;
  if (::fstat(file.get(), &facts) == 0) {
    who += fmt::format(", last heartbeat {} ago",
                       FormatDuration(std::max(0.0, SinceTouched(facts).count())));
  }
  return MakeError({.code = ErrorCode::kRunIsAlive,
                    .what = "another run of this pipeline is already running",
                    .where = path,
                    .why = who,
                    .cure = fmt::format("wait for it to finish, or {} and run again", stop)});
}

enum class Attempt { kLocked, kTaken, kNoLocks };

Attempt TryLock(const storage::FileDescriptor& file, bool has_locks) {
  if (!has_locks) return Attempt::kNoLocks;
  if (storage::TryLock(file)) return Attempt::kLocked;
  return errno == EWOULDBLOCK ? Attempt::kTaken : Attempt::kNoLocks;
}

// Without locks: whether the one that wrote the file is alive, as far as can be told.
bool SeemsAlive(const storage::FileDescriptor& file, std::chrono::milliseconds stale_after) {
  const std::optional<Holder> holder = ReadHolder(file);
  struct stat facts;
  if (!holder || ::fstat(file.get(), &facts) != 0) return false;
  if (SinceTouched(facts) >= stale_after) return false;
  const bool is_here = holder->host == HostName() && holder->process > 0;
  return !is_here || ProcessExists(holder->process);
}

}  // namespace

Result<std::unique_ptr<RunLock>> RunLock::Take(const std::string& folder, const std::string& name,
                                               const RunLockOptions& options) {
  const std::string file_name = name + ".lock";
  const std::string path = folder + "/" + file_name;
  const Holder self = Holder::Self();
  for (int tries = 0; tries < kMostTries; ++tries) {
    ARROW_RETURN_NOT_OK(storage::MakeFolders(folder));
    storage::FileDescriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) {
      if (errno == ENOENT) continue;  // the folder went with the run before
      return storage::StorageError(errno, "make the lock file", path);
    }
    const Attempt attempt = TryLock(file, options.has_locks);
    const bool is_free = attempt == Attempt::kLocked ||
                         (attempt == Attempt::kNoLocks && !SeemsAlive(file, options.stale_after));
    if (!is_free) return AliveError(path, file);
    struct stat facts;
    if (::fstat(file.get(), &facts) != 0 || facts.st_nlink == 0) continue;
    ARROW_RETURN_NOT_OK(WriteHolder(file, self, path));
    if (attempt == Attempt::kNoLocks) {
      // Two may have found it free: the one that wrote last has it.
      std::this_thread::sleep_for(options.heartbeat / 10);
      const std::optional<Holder> holder = ReadHolder(file);
      if (!holder || holder->token != self.token) return AliveError(path, file);
    }
    return std::unique_ptr<RunLock>(
        new RunLock(folder, file_name, std::move(file), options.heartbeat));
  }
  return storage::StorageError(ENOENT, "make the lock file", path);
}

RunLock::RunLock(std::string folder, std::string name, storage::FileDescriptor file,
                 std::chrono::milliseconds heartbeat)
    : folder_(std::move(folder)),
      name_(std::move(name)),
      file_(std::move(file)),
      heart_([this, heartbeat](const std::stop_token& stop) { KeepTouching(stop, heartbeat); }) {}

RunLock::~RunLock() {
  heart_.request_stop();
  heart_.join();
  ::unlink((folder_ + "/" + name_).c_str());
  ::rmdir(folder_.c_str());  // stays where it is not empty
}

void RunLock::KeepTouching(const std::stop_token& stop, std::chrono::milliseconds heartbeat) const {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, stop, heartbeat, [] { return false; })) {
    if (stop.stop_requested()) return;
    ::futimens(file_.get(), nullptr);
  }
}

}  // namespace spillway::state
