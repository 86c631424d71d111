// A commit is read twice, so that its actions may stand in any order and none has to be kept: first
// for who made it and for what it removes, then for what it adds.
#include "pipeline/committed_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "delta/commit_stream.h"

namespace spillway::pipeline {
namespace {

using ActionKind = delta::CommitAction::Kind;
using Files = std::map<std::string, FileFate>;

Status LogIsIncomplete(const delta::Snapshot& table, std::string why) {
  return MakeError({.code = ErrorCode::kVersionNotFound,
                    .what = "the target's log no longer shows which files this run committed",
                    .where = table.root_path(),
                    .why = std::move(why),
                    .cure = "run with --fresh: if rows are appended, it resumes after the last "
                            "commit and takes the rows before it for granted; else it rewrites "
                            "the table"});
}

bool IsVersionNotFound(const Status& status) {
  const std::optional<ErrorInfo> error = FindError(status);
  return error && error->code == ErrorCode::kVersionNotFound;
}

// Calls visit(action) for each action of the commit of `version`.
template <typename Visit>
Status VisitActions(const delta::Snapshot& table, int64_t version, Visit visit) {
  ARROW_ASSIGN_OR_RAISE(const auto commit, delta::CommitStream::Open(table, version));
  if (commit == nullptr) {
    return LogIsIncomplete(table, fmt::format("the commit of version {} is gone", version));
  }
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::CommitAction> action, commit->Next());
    if (!action) return Status::OK();
    visit(*action);
  }
}

template <typename Keep>
std::optional<FileFate> First(const Files& files, Keep keep) {
  std::optional<FileFate> first;
  for (const auto& [path, fate] : files) {
    if (keep(fate) && (!first || fate.version < first->version)) first = fate;
  }
  return first;
}

}  // namespace

Result<CommittedFiles> CommittedFiles::Find(const delta::Snapshot& table,
                                            const std::string& app_id) {
  ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> oldest, delta::OldestCommit(table));
  if (!oldest) return LogIsIncomplete(table, "it has no commits, only checkpoints");
  if (*oldest > 0) {
    // Older commits are gone. They were none of the run's if the oldest version left knows nothing
    // of it.
    const std::string why = fmt::format("the commits before version {} are gone", *oldest);
    const auto start = delta::Snapshot::Open(table.root_path(), {.version = oldest});
    if (IsVersionNotFound(start.status())) return LogIsIncomplete(table, why);
    ARROW_RETURN_NOT_OK(start);
    ARROW_ASSIGN_OR_RAISE(const auto progress, (*start)->LastTransactionVersion(app_id));
    if (progress) return LogIsIncomplete(table, why);
  }
  CommittedFiles files(app_id, *oldest);
  ARROW_RETURN_NOT_OK(files.Follow(table));
  return files;
}

Status CommittedFiles::Follow(const delta::Snapshot& table) {
  for (; next_version_ <= table.version(); ++next_version_) {
    ARROW_RETURN_NOT_OK(FollowCommit(table, next_version_));
  }
  return Status::OK();
}

Status CommittedFiles::FollowCommit(const delta::Snapshot& table, int64_t version) {
  bool is_ours = false;
  std::string operation = "unnamed";
  bool has_definition = false;
  std::map<std::string, bool> removed;  // to whether its data changed
  ARROW_RETURN_NOT_OK(VisitActions(table, version, [&](const delta::CommitAction& action) {
    if (action.kind == ActionKind::kOperation) operation = action.text;
    if (action.kind == ActionKind::kTransaction && action.text == app_id_) is_ours = true;
    has_definition = has_definition || action.kind == ActionKind::kDefinition;
    if (action.kind == ActionKind::kRemove && Contains(action.text)) {
      removed[action.text] = action.data_change;
    }
  }));
  if (has_definition && !is_ours) last_definition_ = NameCommit(version, operation);
  bool has_moved = false;
  for (const auto& [path, data_change] : removed) {
    FileFate& fate = files_[path];
    has_moved = has_moved || !data_change;
    if (!data_change && fate.lost_rows()) continue;  // what was lost before did not move
    fate.kind = data_change ? FileFate::Kind::kRemoved : FileFate::Kind::kMoved;
    fate.version = version;
    fate.operation = operation;
  }
  ARROW_RETURN_NOT_OK(VisitActions(table, version, [&](const delta::CommitAction& action) {
    if (action.kind != ActionKind::kAdd) return;
    const bool takes_rows = is_ours || (has_moved && !action.data_change);
    if (!takes_rows && !Contains(action.text)) return;
    FileFate& fate = files_[action.text];
    fate.kind = action.has_deletion_vector ? FileFate::Kind::kShortened : FileFate::Kind::kInPlace;
    fate.version = version;
    fate.operation = operation;
    fate.is_original = fate.is_original || is_ours;
  }));
  ForgetCopies();
  return Status::OK();
}

// Once RESTORE has brought back all files that the run wrote, its rows are nowhere else.
void CommittedFiles::ForgetCopies() {
  const bool is_whole = std::ranges::none_of(files_, [](const auto& file) {
    return file.second.is_original && file.second.kind != FileFate::Kind::kInPlace;
  });
  if (is_whole) std::erase_if(files_, [](const auto& file) { return !file.second.is_original; });
}

bool CommittedFiles::all_in_place() const {
  return std::ranges::none_of(files_, [](const auto& file) {
    const FileFate& fate = file.second;
    return fate.is_original &&
           (fate.kind == FileFate::Kind::kMoved || fate.kind == FileFate::Kind::kRemoved);
  });
}

bool CommittedFiles::is_gone() const {
  return std::ranges::none_of(files_, [](const auto& file) {
    const FileFate& fate = file.second;
    return fate.kind == FileFate::Kind::kInPlace || fate.kind == FileFate::Kind::kShortened;
  });
}

std::optional<FileFate> CommittedFiles::FirstLoss() const {
  return First(files_, [](const FileFate& fate) { return fate.lost_rows(); });
}

std::optional<FileFate> CommittedFiles::FirstMove() const {
  return First(files_, [](const FileFate& fate) { return fate.kind == FileFate::Kind::kMoved; });
}

std::string NameCommit(int64_t version, const std::string& operation) {
  return fmt::format("version {} ({})", version, operation);
}

std::string NameCommit(const FileFate& fate) { return NameCommit(fate.version, fate.operation); }

}  // namespace spillway::pipeline
