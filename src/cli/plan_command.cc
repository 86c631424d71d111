#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/pipeline_arguments.h"
#include "cli/plan_report.h"
#include "pipeline/disk_room.h"

namespace spillway::cli {
namespace {

Result<int> PlanPipeline(const PipelineArguments& arguments, const pipeline::Beginning& beginning) {
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, arguments.Read());
  ARROW_ASSIGN_OR_RAISE(const auto plan,
                        pipeline::MakePlan(std::move(spec), {.beginning = beginning}));
  EstimatedTime time = pipeline::TimeEstimate{};
  if (plan->fits()) time = pipeline::EstimateTime(*plan);
  if (arguments.output->json) {
    PrintJson(PlanJson(*plan, time));
  } else {
    PrintResult(PlanText(*plan, time));
  }
  ARROW_RETURN_NOT_OK(pipeline::CheckFinishedTarget(*plan));
  ARROW_RETURN_NOT_OK(pipeline::CheckBound(*plan));
  ARROW_RETURN_NOT_OK(pipeline::CheckFolders(*plan));
  ARROW_RETURN_NOT_OK(pipeline::CheckRoom(*plan));
  return 0;
}

}  // namespace

Action DeclarePlan(CLI::App& app) {
  const auto arguments = AddPipelineArguments(app, ShowsProgress::kNo);
  const auto beginning = AddBeginningFlags(app);
  return [arguments, beginning] { return PlanPipeline(*arguments, *beginning); };
}

}  // namespace spillway::cli
