#include "cli/progress_bar.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/units.h"
#include "cli/output.h"
#include "memory/process_memory.h"

namespace spillway::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDrawInterval{100};
constexpr std::chrono::milliseconds kLineInterval{5000};

const char* NameOf(pipeline::Phase phase) {
  switch (phase) {
    case pipeline::Phase::kPlanning:
      return "planning";
    case pipeline::Phase::kLookups:
      return "lookups";
    case pipeline::Phase::kSorting:
      return "sorting";
    case pipeline::Phase::kChunks:
      return "rows";
    case pipeline::Phase::kDone:
      return "done";
  }
  return "";
}

std::string MemoryText(int64_t budget_bytes) {
  const Result<memory::ProcessMemory> memory = memory::ReadProcessMemory();
  if (!memory.ok()) return {};
  const std::string used = FormatByteSize(memory->unreclaimable_bytes());
  return budget_bytes > 0 ? fmt::format("{} of {}", used, FormatByteSize(budget_bytes)) : used;
}

}  // namespace

std::string Bar(int64_t done, int64_t total, int columns) {
  const double share =
      total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0)
                : 1.0;
  const int width = std::max(columns - 8, 4);
  const int filled = static_cast<int>(share * width);
  return fmt::format("[{}{}] {:>3} %", std::string(static_cast<size_t>(filled), '#'),
                     std::string(static_cast<size_t>(width - filled), '-'),
                     static_cast<int>(share * 100));
}

std::unique_ptr<ProgressBar> ProgressBarUnlessQuiet(bool quiet, const pipeline::Progress& progress,
                                                    int64_t budget_bytes) {
  if (quiet) return nullptr;
  return std::make_unique<ProgressBar>(progress, budget_bytes, DetectTerminal());
}

ProgressBar::ProgressBar(const pipeline::Progress& progress, int64_t budget_bytes,
                         const Terminal& terminal)
    : progress_(progress),
      budget_bytes_(budget_bytes),
      terminal_(terminal),
      phase_start_(steady_clock::now()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

ProgressBar::~ProgressBar() {
  thread_.request_stop();
  thread_.join();
  if (!drawn_) return;
  Draw();
  if (terminal_.interactive) PrintNote("\n");
}

void ProgressBar::Run(const std::stop_token& stop) {
  const auto interval = terminal_.interactive ? kDrawInterval : kLineInterval;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, interval, [&stop] { return stop.stop_requested(); })) {
    Draw();
  }
}

void ProgressBar::Draw() {
  drawn_ = true;
  const std::string line = Line();
  if (terminal_.interactive) {
    // One column stays free, because some terminals wrap when the last one is written.
    PrintNote("\r\x1b[K" + Fit(line, terminal_.columns - 1));
  } else {
    PrintNote(line + "\n");
  }
}

std::string ProgressBar::Line() {
  const pipeline::Phase phase = progress_.phase.load();
  const int64_t done = progress_.rows_done.load();
  if (phase != phase_ && phase != pipeline::Phase::kDone) {
    phase_ = phase;
    phase_start_ = steady_clock::now();
    rows_at_phase_start_ = done;
  }
  const int64_t total = progress_.total_rows.load();
  const double seconds = std::chrono::duration<double>(steady_clock::now() - phase_start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done - rows_at_phase_start_) / seconds : 0;
  std::string text =
      fmt::format("{:<8} {} {} rows", NameOf(phase_),
                  Bar(done, total, std::clamp(terminal_.columns / 3, 14, 36)), FormatCount(done));
  if (rate >= 1) text += fmt::format(", {}/s", FormatCount(static_cast<int64_t>(rate)));
  if (rate >= 1 && done < total) {
    text += ", " + FormatDuration(static_cast<double>(total - done) / rate) + " left";
  }
  const int64_t chunks = progress_.chunks_total.load();
  if (chunks > 1) {
    text += fmt::format(", chunk {}/{}", progress_.chunks_committed.load(), chunks);
  }
  return text + ", memory " + MemoryText(budget_bytes_);
}

}  // namespace spillway::cli
