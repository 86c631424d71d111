#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/command_text.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/signals.h"
#include "pipeline/sample_tables.h"
#include "storage/table_location.h"

namespace spillway::cli {
namespace {

constexpr int64_t kMaximumRows = 100'000'000'000;
constexpr int64_t kMaximumContentBytes = kGiB;

Result<int> Generate(pipeline::SampleOptions options, const OutputFlags& flags) {
  ARROW_RETURN_NOT_OK(CheckFlagRange("--rows", options.rows, 0, kMaximumRows));
  ARROW_RETURN_NOT_OK(
      CheckFlagRange("--content-bytes", options.content_bytes, 0, kMaximumContentBytes));
  if (!(options.match_rate >= 0 && options.match_rate <= 1)) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("--match-rate {} is out of range", options.match_rate),
                      .cure = "give a number from 0 to 1"});
  }
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation folder,
                        storage::ParseTableLocation(options.folder, "."));
  options.folder = folder.path;
  const StopOnSignals signals(FirstSignal::kStops);
  pipeline::Progress progress;
  const Result<pipeline::SampleReport> report = [&] {
    const auto bar = ProgressBarUnlessQuiet(flags.quiet, progress, 0);
    return pipeline::WriteSampleTables(options, &progress, signals.stop());
  }();
  if (report.status().IsCancelled()) return signals.exit_code();
  ARROW_RETURN_NOT_OK(report.status());
  if (flags.json) {
    PrintJson(nlohmann::ordered_json{{"folder", options.folder},
                                     {"bronze_rows", report->bronze_rows},
                                     {"prediction_rows", report->prediction_rows},
                                     {"bytes", report->bytes},
                                     {"seconds", report->seconds}});
    return 0;
  }
  PrintResult(fmt::format("{}: bronze_accident with {}, predictions with {} ({}, {})\n",
                          options.folder, Counted(report->bronze_rows, "row"),
                          Counted(report->prediction_rows, "row"), FormatByteSize(report->bytes),
                          FormatDuration(report->seconds)));
  return 0;
}

}  // namespace

Action DeclareGenerate(CLI::App& app) {
  const auto options = std::make_shared<pipeline::SampleOptions>();
  app.add_option("--rows", options->rows, "rows of the bronze table")->type_name("N")->required();
  app.add_option("--out", options->folder, "the folder to write the two tables to")
      ->type_name(std::string(kFolder))
      ->required();
  app.add_option("--content-bytes", options->content_bytes, "bytes of each image")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--match-rate", options->match_rate, "share of the rows with a prediction")
      ->type_name("SHARE")
      ->capture_default_str();
  app.add_option("--seed", options->seed, "the same seed gives the same rows")
      ->type_name("N")
      ->capture_default_str();
  const auto flags = AddOutputFlags(app, ShowsProgress::kYes);
  return [options, flags] { return Generate(*options, *flags); };
}

}  // namespace spillway::cli
