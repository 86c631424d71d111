// Reads a pipeline file. Precedence, for every key: flag > SPILLWAY_* environment > file > default.
// docs/pipeline-file.md says what each key means; spec_keys.h is the table that drives the reading.
//
// Thread rule: free functions without state.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/spec.h"

namespace spillway::spec {

// A value from the command line for the key at `path` ("processing.chunk_size", "variables.limit",
// "lookups.predictions.version"). `origin` is what errors call it: "--memory", "--set mode".
struct Override {
  std::string path;
  std::string value;
  std::string origin;
};

struct ParseOptions {
  std::vector<Override> overrides;  // later ones win
  std::map<std::string, std::string>
      environment;  // SPILLWAY_* override keys; ${env:NAME} reads all
};

// The process's environment, for ParseOptions.
std::map<std::string, std::string> CurrentEnvironment();

// Reads the argument of --set: "key=value". Fails with kUsage where there is no "=" or no key.
Result<Override> ParseSetFlag(std::string_view argument);

// Reads the file at `path`. Errors: kPipelineFileUnreadable to kUndefinedVariable (1101-1109), each
// with its file:line:column, or the flag or environment variable that holds the value.
Result<Spec> ParsePipelineFile(const std::string& path, const ParseOptions& options);

// Reads `text`, the content of a file called `file_name`; relative paths start at its folder.
Result<Spec> ParsePipelineText(std::string_view text, const std::string& file_name,
                               const ParseOptions& options);

}  // namespace spillway::spec
