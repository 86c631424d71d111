#include "cli/signals.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace spillway::cli {
namespace {

constexpr int kEnd = pipeline::kStopNow + 1;

// A signal handler can reach nothing but globals.
pipeline::StopSignal stop_level{0};
std::atomic<int> first_level{kEnd};
std::atomic<int> last_signal{0};
static_assert(pipeline::StopSignal::is_always_lock_free);

void WriteNote(const char* note) {
  // Nothing can be done about a note that cannot be written.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, note, std::strlen(note));
}

int LevelOf(FirstSignal first) {
  switch (first) {
    case FirstSignal::kFinishesTheChunk:
      return pipeline::kStopAfterChunk;
    case FirstSignal::kStops:
      return pipeline::kStopNow;
    case FirstSignal::kEnds:
      return kEnd;
  }
  return kEnd;
}

void OnSignal(int signal_number) {
  const int interrupted_errno = errno;  // of the code that is interrupted, whatever write() does
  last_signal.store(signal_number);
  const int before = stop_level.load();
  const int level = before == 0 ? first_level.load() : before + 1;
  stop_level.store(level);
  if (level == pipeline::kStopAfterChunk) {
    WriteNote("\nStopping after this chunk; again to stop now.\n");
  } else if (level == pipeline::kStopNow) {
    WriteNote("\nStopping now.\n");
  } else {
    WriteNote("\nStopped.\n");
    _exit(128 + signal_number);
  }
  errno = interrupted_errno;
}

void Install(struct sigaction* old_interrupt, struct sigaction* old_terminate) {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  // One handler at a time: it reads the level and writes it.
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(SIGINT, &action, old_interrupt);
  sigaction(SIGTERM, &action, old_terminate);
}

}  // namespace

StopOnSignals::StopOnSignals(FirstSignal first) : outer_first_level_(first_level.load()) {
  first_level = LevelOf(first);
  stop_level = 0;
  last_signal = 0;
  Install(&outer_interrupt_, &outer_terminate_);
}

StopOnSignals::~StopOnSignals() {
  sigaction(SIGINT, &outer_interrupt_, nullptr);
  sigaction(SIGTERM, &outer_terminate_, nullptr);
  first_level = outer_first_level_;
  stop_level = 0;
}

const pipeline::StopSignal& StopOnSignals::stop() const { return stop_level; }

int StopOnSignals::exit_code() const {
  const int signal_number = last_signal.load();
  return signal_number == 0 ? 0 : 128 + signal_number;
}

}  // namespace spillway::cli
