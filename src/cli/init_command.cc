#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/printable.h"
#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/command_text.h"
#include "cli/output.h"
#include "cli/pipeline_draft.h"
#include "delta/heap_share.h"
#include "delta/snapshot.h"
#include "memory/budget.h"
#include "pipeline/plan.h"
#include "spec/spec_parser.h"
#include "storage/durable_file.h"
#include "storage/file_descriptor.h"
#include "storage/table_location.h"

namespace spillway::cli {
namespace {

struct InitFlags {
  std::string source;
  std::string lookup;  // empty: none
  std::vector<std::string> key;
  std::string target;
  std::string target_mode;  // empty: not given
  std::string out;          // empty: standard output
  bool force = false;
};

// `path`, which starts at the working directory, as a file in `folder` has to name it. What is
// absolute, or a URL, stays as it is.
std::string PathFrom(const std::string& folder, const std::string& path) {
  if (path.starts_with('/') || path.starts_with("file:")) return path;
  const std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
  std::string relative = absolute.lexically_relative(folder).string();
  while (relative.size() > 1 && relative.ends_with('/')) relative.pop_back();
  return relative;
}

// The folder of the file that is written; of standard output, the working directory.
std::string FolderOf(const std::string& out) {
  const std::filesystem::path file = out.empty() ? "pipeline.yaml" : out;
  return std::filesystem::absolute(file).lexically_normal().parent_path().string();
}

Result<DraftTable> LookAt(const std::string& table, const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(table, "."));
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, delta::Snapshot::Open(location.path));
  return DraftTable{PathFrom(folder, table), snapshot->version(), snapshot->schema()};
}

// What a run does with rows that are there already is for a person to say.
Result<std::string> TargetMode(const InitFlags& flags) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(flags.target, "."));
  ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(location.path));
  if (exists && flags.target_mode.empty()) {
    return MakeError({.code = ErrorCode::kTargetExists,
                      .what = "there is a table at the target's path already",
                      .where = location.path,
                      .cure = "choose another --target, or say what a run does with that table's "
                              "rows: --target-mode append keeps them, --target-mode overwrite "
                              "replaces them"});
  }
  return flags.target_mode.empty() ? std::string("error_if_exists") : flags.target_mode;
}

Result<std::string> Draft(const InitFlags& flags) {
  const std::string folder = FolderOf(flags.out);
  ARROW_ASSIGN_OR_RAISE(const memory::Budget budget, memory::DetermineBudget(std::nullopt, 80));
  delta::LimitHeap(budget.total_bytes);
  PipelineDraft draft{.target = PathFrom(folder, flags.target),
                      .memory_bytes = budget.total_bytes,
                      .memory_origin = budget.origin};
  ARROW_ASSIGN_OR_RAISE(draft.source, LookAt(flags.source, folder));
  if (!flags.lookup.empty()) {
    ARROW_ASSIGN_OR_RAISE(DraftTable lookup, LookAt(flags.lookup, folder));
    ARROW_ASSIGN_OR_RAISE(std::vector<DraftKey> key, ChooseKey(draft.source, lookup, flags.key));
    draft.lookup = DraftLookup{std::move(lookup), std::move(key)};
  }
  ARROW_ASSIGN_OR_RAISE(draft.target_mode, TargetMode(flags));
  return Printable(DraftText(draft));
}

// Whether the file can be planned: what it says of the tables is right, and nothing of them is
// refused.
Status CheckThatItPlans(const std::string& text, const std::string& out) {
  const std::string name = out.empty() ? "pipeline.yaml" : out;
  ARROW_ASSIGN_OR_RAISE(spec::Spec spec, spec::ParsePipelineText(text, name, {}));
  return pipeline::MakePlan(std::move(spec), {}).status();
}

Status WriteDraft(const InitFlags& flags, const std::string& text) {
  const int mode = flags.force ? O_TRUNC : O_EXCL;
  const storage::FileDescriptor file(
      ::open(flags.out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666));
  if (!file.is_open() && errno == EEXIST) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = "the file that --out names exists",
                      .where = flags.out,
                      .cure = "name another file, or replace this one with --force"});
  }
  if (!file.is_open()) return storage::StorageError(errno, "create the file", flags.out);
  return storage::WriteAll(file, text, flags.out);
}

Result<int> Init(const InitFlags& flags) {
  if (flags.lookup.empty() && !flags.key.empty()) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = "--key is given without --lookup",
                      .cure = "name the table that is joined by the key: --lookup TABLE"});
  }
  if (flags.force && flags.out.empty()) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = "--force is given without --out",
                      .cure = "name the file to replace: --out FILE"});
  }
  const std::vector<std::string> modes = {"error_if_exists", "append", "overwrite"};
  if (!flags.target_mode.empty() && std::ranges::find(modes, flags.target_mode) == modes.end()) {
    return MakeError({.code = ErrorCode::kUsage,
                      .what = fmt::format("there is no --target-mode {}", flags.target_mode),
                      .cure = Suggest(flags.target_mode, modes)});
  }
  ARROW_ASSIGN_OR_RAISE(const std::string text, Draft(flags));
  ARROW_RETURN_NOT_OK(CheckThatItPlans(text, flags.out));
  if (flags.out.empty()) {
    PrintResult(text);
    return 0;
  }
  ARROW_RETURN_NOT_OK(WriteDraft(flags, text));
  PrintResult(fmt::format("{} is written. Next: spillway plan {}\n", flags.out, flags.out));
  return 0;
}

}  // namespace

Action DeclareInit(CLI::App& app) {
  const auto flags = std::make_shared<InitFlags>();
  const auto add_folder = [&app](const char* name, std::string& value, const char* description) {
    return app.add_option(name, value, description)->type_name(std::string(kFolder));
  };
  add_folder("--source", flags->source, "the table that the target's rows come from")->required();
  add_folder("--lookup", flags->lookup, "a table whose columns are added, by a key");
  app.add_option("--key", flags->key,
                 "a column that joins the two, or SOURCE_COLUMN=LOOKUP_COLUMN; without it, the "
                 "only one that both have")
      ->type_name("NAME")
      ->allow_extra_args(false);
  add_folder("--target", flags->target, "the table to write")->required();
  app.add_option("--target-mode", flags->target_mode, "what a run does with a table that exists")
      ->type_name("error_if_exists|append|overwrite");
  app.add_option("--out", flags->out, "the file to write; without it, standard output")
      ->type_name(std::string(kFile));
  app.add_flag("--force", flags->force, "replace the file if it exists");
  return [flags] { return Init(*flags); };
}

}  // namespace spillway::cli
