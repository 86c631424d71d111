#include "cli/signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <unistd.h>

namespace spillway::cli {
namespace {

// A signal handler can reach nothing but globals.
pipeline::StopSignal stop_level{0};
std::atomic<int> last_signal{0};
static_assert(pipeline::StopSignal::is_always_lock_free);

void WriteNote(const char* note) {
  // Nothing can be done about a note that cannot be written.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, note, std::strlen(note));
}

void OnSignal(int signal_number) {
  const int interrupted_errno = errno;  // of the code that is interrupted, whatever write() does
  last_signal.store(signal_number);
  const int level = stop_level.fetch_add(1) + 1;
  if (level == pipeline::kStopAfterChunk) {
    WriteNote("\nStopping after this chunk; again to stop now.\n");
  } else if (level == pipeline::kStopNow) {
    WriteNote("\nStopping now.\n");
  }
  errno = interrupted_errno;
}

void Install(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopOnSignals::StopOnSignals() {
  stop_level = 0;
  last_signal = 0;
  Install(OnSignal);
}

StopOnSignals::~StopOnSignals() { Install(SIG_DFL); }

const pipeline::StopSignal& StopOnSignals::stop() const { return stop_level; }

int StopOnSignals::exit_code() const {
  const int signal_number = last_signal.load();
  return signal_number == 0 ? 0 : 128 + signal_number;
}

}  // namespace spillway::cli
