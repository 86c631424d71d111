#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/pipeline_arguments.h"
#include "cli/plan_report.h"

namespace spillway::cli {
namespace {

Result<int> PlanPipeline(const PipelineArguments& arguments, bool fresh) {
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, arguments.Read());
  ARROW_ASSIGN_OR_RAISE(const auto plan,
                        pipeline::MakePlan(std::move(spec), {.beginning = {.fresh = fresh}}));
  EstimatedTime time = pipeline::TimeEstimate{};
  if (plan->fits()) time = pipeline::EstimateTime(*plan);
  if (arguments.output->json) {
    PrintJson(PlanJson(*plan, time));
  } else {
    PrintResult(PlanText(*plan, time));
  }
  ARROW_RETURN_NOT_OK(pipeline::CheckBound(*plan));
  return 0;
}

}  // namespace

Action DeclarePlan(CLI::App& app) {
  const auto arguments = AddPipelineArguments(app, ShowsProgress::kNo);
  const auto fresh = std::make_shared<bool>(false);
  app.add_flag("--fresh", *fresh, "plan as if no earlier run had committed anything");
  return [arguments, fresh] { return PlanPipeline(*arguments, *fresh); };
}

}  // namespace spillway::cli
