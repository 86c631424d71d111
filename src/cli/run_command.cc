#include <memory>
#include <optional>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/expectation_report.h"
#include "cli/output.h"
#include "cli/pipeline_arguments.h"
#include "cli/plan_report.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "monitor/ledger.h"
#include "monitor/run_recorder.h"
#include "pipeline/disk_room.h"
#include "pipeline/job.h"

namespace spillway::cli {
namespace {

using pipeline::JobReport;
using pipeline::Plan;
using pipeline::RunReport;

// A line for each expectation that rows did not meet.
std::string ExpectationLines(const Plan& plan, const RunReport& report) {
  std::string text;
  for (size_t i = 0; i < report.expectations.size(); ++i) {
    if (report.expectations[i].not_met == 0) continue;
    text += fmt::format("  expected   {}\n",
                        ExpectationText(plan.pipeline->expectations[i], report.expectations[i]));
  }
  return text;
}

// A run that was stopped early may not have made the table.
std::string VersionText(int64_t version) {
  return version < 0 ? "there is no table yet" : fmt::format("now at version {}", version);
}

std::string ReportText(const JobReport& job) {
  const Plan& plan = *job.plan;
  const RunReport& report = job.run;
  if (report.already_finished) {
    const int64_t foreign = plan.changes.foreign_rows;
    return fmt::format(
        "Nothing to do: {} already holds all rows of this pipeline and its inputs (version {}){}. "
        "--fresh runs it again.\n",
        plan.target.path, report.target_version,
        foreign == 0 ? std::string()
                     : fmt::format(", and {} that others have added", Counted(foreign, "row")));
  }
  std::string text = fmt::format(
      "{}: {} in {}\n"
      "  rows       {} read, {} written ({} in {})\n"
      "  commits    {}, {}\n"
      "  memory     peak {} of {}, bound {}\n",
      plan.spec.pipeline.text, Counted(report.rows_written, "row"),
      FormatDuration(report.total_seconds), FormatCount(report.source_rows),
      FormatCount(report.rows_written), FormatByteSize(report.bytes_written),
      Counted(report.files_written, "file"), FormatCount(report.chunks_committed),
      VersionText(report.target_version), FormatByteSize(report.peak_memory_bytes),
      FormatByteSize(plan.budget.total_bytes), FormatByteSize(plan.memory.bound_bytes));
  if (report.copied_bytes > 0) {
    text +=
        fmt::format("  spliced    {}, {} copied", Counted(report.spliced_row_groups, "row group"),
                    FormatByteSize(report.copied_bytes));
    if (report.shared_bytes > 0) {
      text += fmt::format(", {} of them shared", FormatByteSize(report.shared_bytes));
    }
    text += "\n";
  }
  if (report.kept_rows > 0) {
    text += fmt::format("  kept       {} that an earlier run had written\n",
                        Counted(report.kept_rows, "row"));
  }
  if (report.spilled_bytes > 0) {
    text += fmt::format("  spilled    {} written to disk\n", FormatByteSize(report.spilled_bytes));
  }
  if (report.joins_taken_over) {
    text += "  joined     nothing: the killed run's join was reused\n";
  }
  if (report.sort_taken_over) {
    text += "  sorted     nothing: the killed run's sort was reused\n";
  }
  if (!job.failed.empty()) {
    text +=
        fmt::format("  attempts   {}\n", FormatCount(static_cast<int64_t>(job.failed.size()) + 1));
  }
  if (job.files_removed > 0) {
    text +=
        fmt::format("  removed    {} left by a killed run\n", Counted(job.files_removed, "file"));
  }
  text += ExpectationLines(plan, report);
  text += fmt::format("  target     {}\n", plan.target.path);
  return text;
}

nlohmann::ordered_json FailedJson(const pipeline::FailedAttempt& attempt) {
  const std::optional<ErrorInfo> error = FindError(attempt.status);
  return {{"lanes", attempt.lanes},
          {"chunk_size", attempt.chunk_size_rows},
          {"rows_committed", attempt.rows_committed},
          {"code", error ? CodeName(error->code) : std::string()},
          {"error", error ? error->what : attempt.status.message()}};
}

nlohmann::ordered_json ReportJson(const JobReport& job) {
  const Plan& plan = *job.plan;
  const RunReport& report = job.run;
  nlohmann::ordered_json json{{"pipeline", plan.spec.pipeline.text},
                              {"mode", ModeName(plan.mode)},
                              {"already_finished", report.already_finished},
                              {"held_versions", HeldJson(plan)},
                              {"stopped", report.stopped},
                              {"source_rows", report.source_rows},
                              {"kept_rows", report.kept_rows},
                              {"joins_taken_over", report.joins_taken_over},
                              {"sort_taken_over", report.sort_taken_over},
                              {"rows_written", report.rows_written},
                              {"bytes_written", report.bytes_written},
                              {"files_written", report.files_written},
                              {"spliced_row_groups", report.spliced_row_groups},
                              {"copied_bytes", report.copied_bytes},
                              {"shared_bytes", report.shared_bytes},
                              {"spilled_bytes", report.spilled_bytes},
                              {"lanes", plan.lanes},
                              {"chunks_committed", report.chunks_committed},
                              {"chunks_left", report.chunks_left},
                              {"target", plan.target.path},
                              {"target_version", report.target_version},
                              {"seconds", report.total_seconds},
                              {"lookup_seconds", report.lookup_seconds},
                              {"peak_memory_bytes", report.peak_memory_bytes},
                              {"budget_bytes", plan.budget.total_bytes},
                              {"bound_bytes", plan.memory.bound_bytes}};
  nlohmann::ordered_json uses = nlohmann::ordered_json::array();
  for (const memory::TagUsage& use : report.memory_by_use) {
    uses.push_back({{"what", use.tag}, {"peak_bytes", use.peak_held_bytes}});
  }
  json["memory_by_use"] = std::move(uses);
  json["failed_attempts"] = nlohmann::ordered_json::array();
  for (const pipeline::FailedAttempt& attempt : job.failed) {
    json["failed_attempts"].push_back(FailedJson(attempt));
  }
  json["expectations"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < report.expectations.size(); ++i) {
    json["expectations"].push_back(
        ExpectationJson(plan.pipeline->expectations[i], report.expectations[i]));
  }
  json["files_removed"] = job.files_removed;
  json["commits"] = nlohmann::ordered_json::array();
  for (const pipeline::CommittedChunk& commit : job.commits) {
    json["commits"].push_back({{"version", commit.target_version},
                               {"first_ordinal", commit.first_ordinal},
                               {"end_ordinal", commit.end_ordinal},
                               {"chunks", commit.chunks},
                               {"rows", commit.rows},
                               {"bytes", commit.bytes},
                               {"files", commit.files}});
  }
  return json;
}

// A stop that a person asked for is no failure, but the exit code says that the job is not done.
Result<int> AfterStop(const JobReport& job, const pipeline::Progress& progress, int exit_code) {
  const std::string kept = pipeline::DescribeWhatIsKept(job, progress);
  PrintNote(fmt::format("Stopped. {}\n", kept.empty() ? "Nothing was committed." : kept));
  return exit_code;
}

// Shows each attempt's progress, and says why there is another one.
class AttemptDisplay : public pipeline::JobListener {
 public:
  AttemptDisplay(const pipeline::Progress& progress, bool quiet)
      : progress_(progress), quiet_(quiet) {}

  void AttemptBegins(const Plan& plan, int number) override {
    if (number == 1 && !plan.held.empty()) {
      PrintNote(fmt::format("Resumes the run of {}.\n", pipeline::DescribeHeld(plan.held)));
    }
    if (number == 1) {
      for (const std::string& warning : pipeline::RoomWarnings(plan)) {
        PrintNote(fmt::format("warning: {}\n", warning));
      }
    }
    most_attempts_ = plan.spec.processing.max_attempts;
    bar_ = ProgressBarUnlessQuiet(quiet_, progress_, plan.budget.total_bytes);
  }

  void ChunkCommitted(const pipeline::CommittedChunk& /*chunk*/) override {}

  void AttemptFailed(const pipeline::FailedAttempt& attempt, int number) override {
    bar_.reset();
    PrintNote(
        fmt::format("Attempt {} of {} failed. Retrying after the last commit, with smaller chunks "
                    "and fewer lanes.\n{}",
                    number, most_attempts_, RenderError(attempt.status)));
  }

 private:
  const pipeline::Progress& progress_;
  int64_t most_attempts_ = 1;
  const bool quiet_;
  std::unique_ptr<ProgressBar> bar_;
};

Result<int> RunPipeline(const PipelineArguments& arguments, const pipeline::Beginning& beginning) {
  const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  ARROW_ASSIGN_OR_RAISE(const spec::Spec spec, arguments.Read());
  pipeline::Progress progress;
  pipeline::JobReport job;
  monitor::RunRecorder recorder(spec, monitor::LedgerPath());
  Status status;
  {
    AttemptDisplay display(progress, arguments.output->quiet);
    status = pipeline::RunJob(spec, {.beginning = beginning}, {&display, &recorder}, &progress,
                              signals.stop(), &job);
  }
  const Status recorded = recorder.End(job, status);
  if (!recorded.ok()) PrintWarning("the run is not completely recorded in the history", recorded);
  if (status.IsCancelled()) return AfterStop(job, progress, signals.exit_code());
  if (!status.ok()) {
    const std::string kept = pipeline::DescribeWhatIsKept(job, progress);
    if (!kept.empty()) PrintNote(kept + "\n");
    return status;
  }
  if (arguments.output->json) {
    PrintJson(ReportJson(job));
  } else {
    PrintResult(ReportText(job));
  }
  if (job.run.stopped) return AfterStop(job, progress, signals.exit_code());
  return 0;
}

}  // namespace

Action DeclareRun(CLI::App& app) {
  const auto arguments = AddPipelineArguments(app, ShowsProgress::kYes);
  const auto beginning = AddBeginningFlags(app);
  return [arguments, beginning] { return RunPipeline(*arguments, *beginning); };
}

}  // namespace spillway::cli
