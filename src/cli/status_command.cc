#include <algorithm>
#include <ctime>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/command_text.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "monitor/ledger.h"
#include "pipeline/target.h"
#include "spec/spec_parser.h"

namespace spillway::cli {
namespace {

using monitor::AttemptEntry;
using monitor::LedgerQuery;
using monitor::RunEntry;
using monitor::ValidationEntry;
using nlohmann::ordered_json;

std::string TimeText(int64_t millis) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(millis / 1000)));
}

std::string TookText(const RunEntry& run) {
  if (!run.ended_at) return "-";
  return FormatDuration(static_cast<double>(*run.ended_at - run.started_at) / 1000);
}

int64_t RowsCommitted(const RunEntry& run) {
  int64_t rows = 0;
  for (const AttemptEntry& attempt : run.attempts) rows += attempt.rows_committed;
  return rows;
}

std::string RunLine(const RunEntry& run, size_t name_width) {
  return fmt::format("{}  {:<{}}  {:<9}  {:>13}  {:>8}  {}\n", TimeText(run.started_at),
                     run.pipeline, name_width, run.state, FormatCount(RowsCommitted(run)),
                     TookText(run), run.target);
}

std::string RunsText(const std::vector<RunEntry>& runs) {
  size_t name_width = std::string_view("pipeline").size();
  for (const RunEntry& run : runs) name_width = std::max(name_width, run.pipeline.size());
  std::string text = fmt::format("{:<20}  {:<{}}  {:<9}  {:>13}  {:>8}  {}\n", "started",
                                 "pipeline", name_width, "state", "rows", "took", "target");
  for (const RunEntry& run : runs) text += RunLine(run, name_width);
  return text;
}

std::string AttemptText(const AttemptEntry& attempt) {
  std::string text =
      fmt::format("  attempt {}  {} of {} chunks of {}, {}, bound {}\n", attempt.number,
                  FormatCount(attempt.chunks_committed), FormatCount(attempt.chunks),
                  Counted(attempt.chunk_size_rows, "row"), Counted(attempt.lanes, "lane"),
                  FormatByteSize(attempt.bound_bytes));
  if (!attempt.code.empty())
    text += fmt::format("             {}: {}\n", attempt.code, attempt.error);
  return text;
}

std::string RunText(const RunEntry& run) {
  std::string text = fmt::format("{}  {}", TimeText(run.started_at), run.state);
  if (run.ended_at) text += " after " + TookText(run);
  if (run.state == monitor::kRunning) {
    text += fmt::format(", process {} on {}", run.process.process, run.process.host);
  }
  text += fmt::format(", {} committed", Counted(RowsCommitted(run), "row"));
  if (run.target_version >= 0) text += fmt::format(", now at version {}", run.target_version);
  text += "\n";
  if (run.peak_memory_bytes > 0) {
    text += fmt::format("  memory     peak {} of {}\n", FormatByteSize(run.peak_memory_bytes),
                        FormatByteSize(run.budget_bytes));
  }
  for (const AttemptEntry& attempt : run.attempts) text += AttemptText(attempt);
  if (run.attempts.empty() && !run.code.empty()) {
    text += fmt::format("  {}: {}\n", run.code, run.error);
  }
  return text;
}

ordered_json RunJson(const RunEntry& run) {
  ordered_json attempts = ordered_json::array();
  for (const AttemptEntry& attempt : run.attempts) {
    attempts.push_back({{"number", attempt.number},
                        {"started_at", TimeText(attempt.started_at)},
                        {"lanes", attempt.lanes},
                        {"chunk_size", attempt.chunk_size_rows},
                        {"chunks", attempt.chunks},
                        {"chunks_committed", attempt.chunks_committed},
                        {"rows_committed", attempt.rows_committed},
                        {"bound_bytes", attempt.bound_bytes},
                        {"code", attempt.code},
                        {"error", attempt.error}});
  }
  ordered_json json{{"id", run.id},
                    {"pipeline", run.pipeline},
                    {"target", run.target},
                    {"state", run.state},
                    {"host", run.process.host},
                    {"process", run.process.process},
                    {"started_at", TimeText(run.started_at)},
                    {"ended_at", nullptr},
                    {"seconds", nullptr},
                    {"mode", run.mode},
                    {"rows_committed", RowsCommitted(run)},
                    {"bytes_written", run.bytes_written},
                    {"target_version", run.target_version},
                    {"budget_bytes", run.budget_bytes},
                    {"peak_memory_bytes", run.peak_memory_bytes},
                    {"code", run.code},
                    {"error", run.error},
                    {"attempts", std::move(attempts)}};
  if (run.ended_at) {
    json["ended_at"] = TimeText(*run.ended_at);
    json["seconds"] = static_cast<double>(*run.ended_at - run.started_at) / 1000;
  }
  return json;
}

ordered_json ValidationJson(const ValidationEntry& validation) {
  return {{"pipeline", validation.pipeline},
          {"target", validation.target},
          {"target_version", validation.target_version},
          {"ended_at", TimeText(validation.ended_at)},
          {"passed", validation.passed},
          {"report", ordered_json::parse(validation.report, nullptr, /*allow_exceptions=*/false)}};
}

std::string StatusText(const std::vector<RunEntry>& runs,
                       const std::vector<ValidationEntry>& validations, const LedgerQuery& query) {
  const bool of_one = !query.pipeline.empty();
  if (runs.empty() && validations.empty()) {
    if (!of_one) return "No runs recorded yet.\n";
    return fmt::format(
        "No runs of {} to {} recorded yet. If they had another --set pipeline or target, give that "
        "--set here too.\n",
        query.pipeline, query.target);
  }
  if (!of_one) return RunsText(runs);
  std::string text;
  if (!runs.empty()) text += fmt::format("{} -> {}\n", runs[0].pipeline, runs[0].target);
  for (const RunEntry& run : runs) text += RunText(run);
  if (!validations.empty()) {
    const ValidationEntry& last = validations.front();
    text += fmt::format("{}  validated version {}: {}\n", TimeText(last.ended_at),
                        last.target_version, last.passed ? "valid" : "NOT VALID");
  }
  return text;
}

struct StatusArguments {
  std::string file;
  std::vector<std::string> settings;  // as a run had them: they may name another pipeline or target
  std::shared_ptr<const OutputFlags> output;
};

// What is looked for; everything without a file.
Result<LedgerQuery> QueryOf(const StatusArguments& arguments) {
  LedgerQuery query;
  if (arguments.file.empty()) return query;
  spec::ParseOptions options{.environment = spec::CurrentEnvironment()};
  for (const std::string& setting : arguments.settings) {
    ARROW_ASSIGN_OR_RAISE(spec::Override override_value, spec::ParseSetFlag(setting));
    options.overrides.push_back(std::move(override_value));
  }
  ARROW_ASSIGN_OR_RAISE(const spec::Spec spec, spec::ParsePipelineFile(arguments.file, options));
  ARROW_ASSIGN_OR_RAISE(const auto target, pipeline::LocateTarget(spec));
  query.pipeline = spec.pipeline.text;
  query.target = target.path;
  return query;
}

Result<int> ShowStatus(const StatusArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const LedgerQuery query, QueryOf(arguments));
  const std::string path = monitor::LedgerPath();
  ARROW_ASSIGN_OR_RAISE(const auto runs, monitor::ReadRuns(path, query));
  ARROW_ASSIGN_OR_RAISE(const auto validations, monitor::ReadValidations(path, query));
  if (!arguments.output->json) {
    PrintResult(StatusText(runs, validations, query));
    return 0;
  }
  ordered_json json{
      {"ledger", path}, {"runs", ordered_json::array()}, {"validations", ordered_json::array()}};
  for (const RunEntry& run : runs) json["runs"].push_back(RunJson(run));
  for (const ValidationEntry& validation : validations) {
    json["validations"].push_back(ValidationJson(validation));
  }
  PrintJson(json);
  return 0;
}

}  // namespace

Action DeclareStatus(CLI::App& app) {
  const auto arguments = std::make_shared<StatusArguments>();
  CLI::Option* file =
      app.add_option("pipeline", arguments->file, "show only the runs of this pipeline file")
          ->type_name(std::string(kFile));
  app.add_option("--set", arguments->settings, "a key and its value, as the runs had it")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->needs(file);
  arguments->output = AddOutputFlags(app, ShowsProgress::kNo);
  return [arguments] { return ShowStatus(*arguments); };
}

}  // namespace spillway::cli
