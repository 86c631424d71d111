#include "pipeline/target_changes.h"

#include <fmt/format.h>

#include "base/error.h"

namespace spillway::pipeline {
namespace {

Result<int64_t> CountForeignRows(const delta::Snapshot& target, const CommittedFiles& run) {
  int64_t rows = 0;
  ARROW_ASSIGN_OR_RAISE(const auto files, target.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) return rows;
    if (run.Contains(file->path)) continue;
    rows += file->num_records.value_or(0) -
            (file->deletion_vector ? file->deletion_vector->cardinality : 0);
  }
}

}  // namespace

Result<TargetChanges> FindTargetChanges(const spec::Spec& spec, const delta::Snapshot& target,
                                        const std::string& app_id) {
  const Result<CommittedFiles> run = CommittedFiles::Find(target, app_id);
  const std::optional<ErrorInfo> error = FindError(run.status());
  if (error && error->code == ErrorCode::kVersionNotFound) return TargetChanges{};
  ARROW_RETURN_NOT_OK(run);
  TargetChanges changes{.loss = run->FirstLoss()};
  if (spec.target.mode == spec::TargetMode::kAppend) return changes;
  ARROW_ASSIGN_OR_RAISE(changes.foreign_rows, CountForeignRows(target, *run));
  return changes;
}

Status CheckRowsAreLeft(const spec::Spec& spec, const delta::Snapshot& target,
                        const TargetChanges& changes) {
  if (!changes.loss) return Status::OK();
  const std::string restore =
      fmt::format("RESTORE the table to version {}", changes.loss->version - 1);
  std::string cure;
  switch (spec.target.mode) {
    case spec::TargetMode::kOverwrite:
      cure = fmt::format("run with --fresh to rewrite the table; or {}", restore);
      break;
    case spec::TargetMode::kErrorIfExists:
      cure =
          fmt::format("{}; or run with --fresh --set target.mode=overwrite to rewrite it", restore);
      break;
    case spec::TargetMode::kAppend:
      cure =
          fmt::format("{}; or, where none of the run's rows are left, run with --fresh", restore);
      break;
  }
  return MakeError(
      {.code = ErrorCode::kCommitConflict,
       .what = "the target no longer holds all rows that an earlier run wrote",
       .where = fmt::format("{} (version {})", target.root_path(), target.version()),
       .why = fmt::format("{} removed or rewrote files that hold them", NameCommit(*changes.loss)),
       .cure = std::move(cure)});
}

}  // namespace spillway::pipeline
