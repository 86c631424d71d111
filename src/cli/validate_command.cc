#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/pipeline_arguments.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "cli/validation_report.h"
#include "monitor/ledger.h"
#include "monitor/run_recorder.h"
#include "pipeline/validation.h"

namespace spillway::cli {
namespace {

using pipeline::ValidationReport;

constexpr int kFailed = 1;
constexpr int64_t kMostSampleRows = 1'000'000'000'000;

struct ValidateFlags {
  bool full = false;
  int64_t sample_rows = pipeline::ValidationOptions().sample_rows;
};

// Single rows are nothing for a history.
void RecordInLedger(const pipeline::Plan& plan, const ValidationReport& report,
                    nlohmann::ordered_json json) {
  if (json["differences"].is_object()) json["differences"].erase("examples");
  const std::string text =
      json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
  const Status recorded = monitor::RecordValidation(plan.spec, report.target_version,
                                                    report.passed(), text, monitor::LedgerPath());
  if (!recorded.ok()) PrintWarning("the validation is not recorded in the history", recorded);
}

Result<int> ValidatePipeline(const PipelineArguments& arguments, const ValidateFlags& flags) {
  if (!flags.full) {
    ARROW_RETURN_NOT_OK(CheckFlagRange("--sample", flags.sample_rows, 1, kMostSampleRows));
  }
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, arguments.Read());
  ARROW_ASSIGN_OR_RAISE(const auto plan,
                        pipeline::MakePlan(std::move(spec), {.beginning = {.only_looks = true},
                                                             .trusts_statistics = false}));
  // Until here nothing was begun that a signal must not cut short.
  const StopOnSignals signals(FirstSignal::kStops);
  if (!plan->held.empty()) {
    PrintNote(fmt::format("Comparing with {}.\n", pipeline::DescribeHeld(plan->held)));
  }
  pipeline::Progress progress;
  const Result<ValidationReport> report = [&] {
    const auto bar =
        ProgressBarUnlessQuiet(arguments.output->quiet, progress, plan->budget.total_bytes);
    return pipeline::Validate(*plan, &progress, signals.stop(),
                              {.sample_rows = flags.full ? 0 : flags.sample_rows});
  }();
  if (report.status().IsCancelled()) return signals.exit_code();
  ARROW_RETURN_NOT_OK(report.status());
  nlohmann::ordered_json json = ValidationJson(*plan, *report);
  if (arguments.output->json) {
    PrintJson(json);
  } else {
    PrintResult(ValidationText(*plan, *report));
  }
  RecordInLedger(*plan, *report, std::move(json));
  return report->passed() ? 0 : kFailed;
}

}  // namespace

Action DeclareValidate(CLI::App& app) {
  const auto arguments = AddPipelineArguments(app, ShowsProgress::kYes);
  const auto flags = std::make_shared<ValidateFlags>();
  CLI::Option* full = app.add_flag("--full", flags->full, "compare derived columns in all rows");
  app.add_option("--sample", flags->sample_rows, "compare derived columns in about this many rows")
      ->type_name("ROWS")
      ->capture_default_str()
      ->excludes(full);
  return [arguments, flags] { return ValidatePipeline(*arguments, *flags); };
}

}  // namespace spillway::cli
