#include "monitor/run_recorder.h"

#include <chrono>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "monitor/ledger.h"
#include "pipeline/target.h"

namespace spillway::monitor {
namespace {

// A commit waits for a ledger that another process writes no longer than this; the end does longer.
constexpr std::chrono::milliseconds kShortPatience{50};
constexpr std::chrono::milliseconds kLongPatience{2'000};
constexpr size_t kMostWaiting = 1'000;  // statements
constexpr int64_t kMostRuns = 1'000;    // of one pipeline and target, on record
constexpr int64_t kMostValidations = 100;

int64_t NowMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string NewId() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

// As the user wrote it where it cannot be found.
std::string TargetOf(const spec::Spec& spec) {
  const auto location = pipeline::LocateTarget(spec);
  return location.ok() ? location->path : spec.target.path.text;
}

struct ErrorTexts {
  Value code;
  Value text;
};

ErrorTexts TextsOf(const Status& status) {
  if (status.ok()) return {};
  const std::optional<ErrorInfo> error = FindError(status);
  if (!error) return {.code = std::string(), .text = status.message()};
  std::string text = error->what;
  if (!error->why.empty()) text += ": " + error->why;
  return {.code = CodeName(error->code), .text = std::move(text)};
}

std::string_view StateOf(const pipeline::JobReport& report, const Status& status) {
  if (status.IsCancelled()) return kStopped;
  if (!status.ok()) return kFailed;
  if (report.run.already_finished) return kUnchanged;
  return report.run.stopped ? kStopped : kDone;
}

}  // namespace

RunRecorder::RunRecorder(const spec::Spec& spec, const std::string& path)
    : id_(NewId()), pipeline_(spec.pipeline.text), target_(TargetOf(spec)) {
  if (path.empty()) return;
  fault_ = OpenLedger(path).Value(&ledger_);
  const ProcessIdentity self = ProcessIdentity::Self();
  Put({.sql = "INSERT INTO run (id, pipeline, target, host, process, process_started, program, "
              "started_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
       .values = {id_, pipeline_, target_, self.host, self.process, self.started,
                  std::string(SPILLWAY_VERSION), NowMillis(), std::string(kRunning)}});
  Put({.sql = "DELETE FROM run WHERE pipeline = ?1 AND target = ?2 AND id NOT IN (SELECT id FROM "
              "run WHERE pipeline = ?1 AND target = ?2 ORDER BY started_at DESC LIMIT ?3)",
       .values = {pipeline_, target_, kMostRuns}});
  Write(kShortPatience);
}

void RunRecorder::AttemptBegins(const pipeline::Plan& plan, int number) {
  if (plan.finished()) return;
  attempt_ = number;
  if (number == 1) {
    // This run holds the lock, so none before it is alive.
    Put({.sql = "UPDATE run SET state = ? WHERE pipeline = ? AND target = ? AND state = ? AND id "
                "<> ?",
         .values = {std::string(kKilled), pipeline_, target_, std::string(kRunning), id_}});
  }
  Put({.sql = "UPDATE run SET mode = ?, budget_bytes = ? WHERE id = ?",
       .values = {std::string(ModeName(plan.mode)), plan.budget.total_bytes, id_}});
  Put({.sql = "INSERT INTO attempt (run, number, started_at, lanes, chunk_size_rows, chunks, "
              "bound_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
       .values = {id_, int64_t{number}, NowMillis(), int64_t{plan.lanes},
                  plan.spec.processing.chunk_size_rows, static_cast<int64_t>(plan.chunks.size()),
                  plan.memory.bound_bytes}});
  Write(kShortPatience);
}

void RunRecorder::ChunkCommitted(const pipeline::CommittedChunk& chunk) {
  Put({.sql = "INSERT INTO chunk (run, attempt, first_ordinal, end_ordinal, chunks, rows, bytes, "
              "files, target_version, committed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
       .values = {id_, int64_t{attempt_}, chunk.first_ordinal, chunk.end_ordinal, chunk.chunks,
                  chunk.rows, chunk.bytes, chunk.files, chunk.target_version, NowMillis()}});
  Write(kShortPatience);
}

void RunRecorder::AttemptFailed(const pipeline::FailedAttempt& attempt, int number) {
  ErrorTexts error = TextsOf(attempt.status);
  Put({.sql = "UPDATE attempt SET code = ?, error = ? WHERE run = ? AND number = ?",
       .values = {std::move(error.code), std::move(error.text), id_, int64_t{number}}});
  Write(kShortPatience);
}

Status RunRecorder::End(const pipeline::JobReport& report, const Status& status) {
  const ErrorTexts error = TextsOf(status);
  if (attempt_ > 0 && !status.ok()) {
    Put({.sql = "UPDATE attempt SET code = ?, error = ? WHERE run = ? AND number = ?",
         .values = {error.code, error.text, id_, int64_t{attempt_}}});
  }
  const pipeline::RunReport& run = report.run;
  Put({.sql = "UPDATE run SET state = ?, ended_at = ?, rows_written = ?, bytes_written = ?, "
              "target_version = ?, peak_memory_bytes = ?, code = ?, error = ? WHERE id = ?",
       .values = {std::string(StateOf(report, status)), NowMillis(), run.rows_written,
                  run.bytes_written, run.target_version, run.peak_memory_bytes, error.code,
                  error.text, id_}});
  Write(kLongPatience);
  const bool is_whole = ledger_ != nullptr && waiting_.empty() && !has_dropped_;
  return is_whole ? Status::OK() : fault_;
}

void RunRecorder::Put(Statement statement) {
  if (ledger_ == nullptr) return;
  if (waiting_.size() < kMostWaiting) {
    waiting_.push_back(std::move(statement));
  } else {
    has_dropped_ = true;
  }
}

void RunRecorder::Write(std::chrono::milliseconds patience) {
  if (ledger_ == nullptr) return;
  ledger_->SetPatience(patience);
  const Status written = ledger_->Execute(waiting_);
  if (written.ok()) {
    waiting_.clear();
  } else if (fault_.ok()) {
    fault_ = written;
  }
}

Status RecordValidation(const spec::Spec& spec, int64_t target_version, bool passed,
                        const std::string& report_json, const std::string& path) {
  if (path.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto ledger, OpenLedger(path));
  ledger->SetPatience(kLongPatience);
  const std::string target = TargetOf(spec);
  return ledger->Execute(
      {{.sql = "INSERT INTO validation (pipeline, target, target_version, ended_at, passed, "
               "report) VALUES (?, ?, ?, ?, ?, ?)",
        .values = {spec.pipeline.text, target, target_version, NowMillis(), int64_t{passed},
                   report_json}},
       {.sql = "DELETE FROM validation WHERE pipeline = ?1 AND target = ?2 AND rowid NOT IN "
               "(SELECT rowid FROM validation WHERE pipeline = ?1 AND target = ?2 ORDER BY "
               "ended_at DESC, rowid DESC LIMIT ?3)",
        .values = {spec.pipeline.text, target, kMostValidations}}});
}

}  // namespace spillway::monitor
