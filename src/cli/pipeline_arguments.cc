#include "cli/pipeline_arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "spec/spec_parser.h"

namespace spillway::cli {

Result<spec::Spec> PipelineArguments::Read() const {
  spec::ParseOptions options{.environment = spec::CurrentEnvironment()};
  for (const std::string& setting : settings) {
    ARROW_ASSIGN_OR_RAISE(spec::Override override_value, spec::ParseSetFlag(setting));
    options.overrides.push_back(std::move(override_value));
  }
  if (!mode.empty()) options.overrides.push_back({"mode", mode, "--mode"});
  if (!memory.empty()) options.overrides.push_back({"resources.memory", memory, "--memory"});
  return spec::ParsePipelineFile(file, options);
}

std::shared_ptr<PipelineArguments> AddPipelineArguments(CLI::App& app) {
  auto arguments = std::make_shared<PipelineArguments>();
  app.add_option("pipeline", arguments->file, "the pipeline file")->required();
  app.add_option("--memory", arguments->memory, "the hard memory limit, such as 512MiB");
  app.add_option("--mode", arguments->mode, "auto, standard (one commit) or chunked");
  app.add_option("--set", arguments->settings, "key=value: a key of the pipeline file, by its path")
      ->allow_extra_args(false);
  app.add_flag("--json", arguments->json, "print JSON");
  return arguments;
}

}  // namespace spillway::cli
