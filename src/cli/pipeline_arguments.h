// The arguments that plan, run and validate share: the pipeline file and what overrides it.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/flags.h"
#include "pipeline/beginning.h"
#include "spec/spec.h"

namespace CLI {
class App;
}

namespace spillway::cli {

struct PipelineArguments {
  std::string file;
  std::string memory;                 // empty: not given
  std::string mode;                   // likewise
  std::vector<std::string> settings;  // key=value
  std::shared_ptr<OutputFlags> output;

  // Reads the file with the flags laid over it, and puts the process's heap under its budget,
  // before anything else is read. Errors: those of spec::ParsePipelineFile and
  // memory::DetermineBudget.
  Result<spec::Spec> Read() const;
};

// Adds the arguments to `app`. They are filled when the command line is parsed.
std::shared_ptr<PipelineArguments> AddPipelineArguments(CLI::App& app,
                                                        ShowsProgress shows_progress);

// Adds --fresh and --append-again, of the verbs that write, or plan to.
std::shared_ptr<pipeline::Beginning> AddBeginningFlags(CLI::App& app);

}  // namespace spillway::cli
