#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/pipeline_arguments.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "pipeline/validation.h"

namespace spillway::cli {
namespace {

using pipeline::ColumnComparison;
using pipeline::ValidationReport;

constexpr int kDiffers = 1;

std::string ReportText(const pipeline::Plan& plan, const ValidationReport& report) {
  std::string text = fmt::format("{} (version {}{})\n", plan.target.path, report.target_version,
                                 report.whole_table ? "" : ", the files that this run appended");
  text +=
      fmt::format("  rows        {} expected, {} stored, {}\n", FormatCount(report.expected_rows),
                  FormatCount(report.stored_rows), report.rows_equal ? "equal" : "DIFFERENT");
  for (const ColumnComparison& column : report.columns) {
    text += fmt::format("  {:<24} {:<10} {} null{}\n", column.name,
                        column.equal ? "equal" : "DIFFERENT", FormatCount(column.stored_nulls),
                        column.depends_on_time ? ", depends on the time: only nulls compared" : "");
    if (column.expected_nulls != column.stored_nulls) {
      text += fmt::format("  {:<24} {} null expected\n", "", FormatCount(column.expected_nulls));
    }
  }
  return text + (report.equal() ? "valid: the target holds what its inputs give\n"
                                : "NOT VALID: the target differs from what its inputs give\n");
}

nlohmann::ordered_json ReportJson(const pipeline::Plan& plan, const ValidationReport& report) {
  nlohmann::ordered_json columns = nlohmann::ordered_json::array();
  for (const ColumnComparison& column : report.columns) {
    columns.push_back({{"name", column.name},
                       {"equal", column.equal},
                       {"depends_on_time", column.depends_on_time},
                       {"expected_nulls", column.expected_nulls},
                       {"stored_nulls", column.stored_nulls}});
  }
  return {{"target", plan.target.path},
          {"target_version", report.target_version},
          {"valid", report.equal()},
          {"compared", report.whole_table ? "table" : "run"},
          {"expected_rows", report.expected_rows},
          {"stored_rows", report.stored_rows},
          {"rows_equal", report.rows_equal},
          {"columns", std::move(columns)},
          {"seconds", report.seconds},
          {"peak_memory_bytes", report.peak_memory_bytes}};
}

Result<int> ValidatePipeline(const PipelineArguments& arguments) {
  const StopOnSignals signals;
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, arguments.Read());
  ARROW_ASSIGN_OR_RAISE(const auto plan,
                        pipeline::MakePlan(std::move(spec), {.beginning = {.only_looks = true}}));
  pipeline::Progress progress;
  const Result<ValidationReport> report = [&] {
    const ProgressBar bar(progress, plan->budget.total_bytes, DetectTerminal());
    return pipeline::Validate(*plan, &progress, signals.stop());
  }();
  if (report.status().IsCancelled()) return signals.exit_code();
  ARROW_RETURN_NOT_OK(report.status());
  if (arguments.json) {
    PrintJson(ReportJson(*plan, *report));
  } else {
    PrintResult(ReportText(*plan, *report));
  }
  return report->equal() ? 0 : kDiffers;
}

}  // namespace

Action DeclareValidate(CLI::App& app) {
  const auto arguments = AddPipelineArguments(app);
  return [arguments] { return ValidatePipeline(*arguments); };
}

}  // namespace spillway::cli
