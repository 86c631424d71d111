#include "cli/pipeline_arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command_text.h"
#include "delta/heap_share.h"
#include "memory/budget.h"
#include "spec/spec_parser.h"

namespace spillway::cli {
namespace {

Status LimitHeapOf(const spec::Resources& resources) {
  ARROW_ASSIGN_OR_RAISE(
      const memory::Budget budget,
      memory::DetermineBudget(resources.memory_bytes,
                              static_cast<int>(resources.max_memory_usage_percent)));
  delta::LimitHeap(budget.total_bytes);
  return Status::OK();
}

}  // namespace

Result<spec::Spec> PipelineArguments::Read() const {
  spec::ParseOptions options{.environment = spec::CurrentEnvironment()};
  for (const std::string& setting : settings) {
    ARROW_ASSIGN_OR_RAISE(spec::Override override_value, spec::ParseSetFlag(setting));
    options.overrides.push_back(std::move(override_value));
  }
  if (!mode.empty()) options.overrides.push_back({"mode", mode, "--mode"});
  if (!memory.empty()) options.overrides.push_back({"resources.memory", memory, "--memory"});
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, spec::ParsePipelineFile(file, options));
  ARROW_RETURN_NOT_OK(LimitHeapOf(spec.resources));
  return spec;
}

std::shared_ptr<PipelineArguments> AddPipelineArguments(CLI::App& app,
                                                        ShowsProgress shows_progress) {
  auto arguments = std::make_shared<PipelineArguments>();
  app.add_option("pipeline", arguments->file, "the pipeline file")
      ->type_name(std::string(kFile))
      ->required();
  app.add_option("--memory", arguments->memory, "the hard memory limit, such as 512MiB")
      ->type_name("SIZE");
  app.add_option("--mode", arguments->mode,
                 "standard (one commit), chunked, or chosen by the number of rows")
      ->type_name("auto|standard|chunked");
  app.add_option("--set", arguments->settings, "set a key of the pipeline file; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  arguments->output = AddOutputFlags(app, shows_progress);
  return arguments;
}

std::shared_ptr<pipeline::Beginning> AddBeginningFlags(CLI::App& app) {
  auto beginning = std::make_shared<pipeline::Beginning>();
  CLI::Option* fresh =
      app.add_flag("--fresh", beginning->fresh,
                   "start over, even if an earlier run has finished or can be resumed");
  app.add_flag("--append-again", beginning->append_again,
               "with --fresh: append all rows, even if the target has rows of this pipeline")
      ->needs(fresh);
  return beginning;
}

}  // namespace spillway::cli
