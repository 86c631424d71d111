#include "pipeline/target_commits.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "pipeline/column_mapping.h"
#include "pipeline/progress_record.h"

namespace spillway::pipeline {
namespace {

constexpr int kMaximumAttempts = 15;
constexpr int64_t kNoProgress = -1;
constexpr int64_t kDefaultCheckpointInterval = 10;  // of commits, as in Delta

// Doubles from 10 ms up to 2 s, with jitter so that writers who met once do not meet again.
void BackOff(int attempt) {
  const int64_t ceiling_ms = std::min<int64_t>(10LL << std::min(attempt, 10), 2000);
  std::random_device device;
  std::uniform_int_distribution<int64_t> wait_ms(ceiling_ms / 2, ceiling_ms);
  std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms(device)));
}

int64_t CheckpointInterval(const delta::Snapshot& table) {
  const auto property = table.properties().find("delta.checkpointInterval");
  int64_t interval = 0;
  if (property != table.properties().end()) {
    const std::string& text = property->second;
    std::from_chars(text.data(), text.data() + text.size(), interval);
  }
  return interval > 0 ? interval : kDefaultCheckpointInterval;
}

}  // namespace

TargetCommits::Definition TargetCommits::DefinitionOf(const delta::Snapshot& table) {
  return {.table_id = table.table_id(),
          .partition_columns = table.partition_columns(),
          .properties = table.properties(),
          .protocol = table.protocol()};
}

Status TargetCommits::Prepare() {
  creates_next_ = !plan_.target.exists();
  if (creates_next_) return Status::OK();
  last_version_ = plan_.target.snapshot->version();
  if (plan_.committed_ordinal) {
    known_ = DefinitionOf(*plan_.target.snapshot);
    ARROW_RETURN_NOT_OK(FindCommittedFiles());
    return CheckNoRowsLost(*plan_.target.snapshot);
  }
  BeginWith(*plan_.target.snapshot);
  if (overwrite_next_ && !plan_.commits_at_end()) {
    return Commit({.first_ordinal = 0, .end_ordinal = 0}, {});
  }
  return Status::OK();
}

Status TargetCommits::FindCommittedFiles() {
  const delta::Snapshot& table = *plan_.target.snapshot;
  Result<CommittedFiles> found = CommittedFiles::Find(table, plan_.app_id);
  const std::optional<ErrorInfo> error = FindError(found.status());
  if (plan_.trusts_commits && error && error->code == ErrorCode::kVersionNotFound) {
    files_.emplace(plan_.app_id, table.version() + 1);
    return Status::OK();
  }
  return std::move(found).Value(&files_.emplace(plan_.app_id, 0));
}

// The run has committed nothing to `table` yet, which others have made.
void TargetCommits::BeginWith(const delta::Snapshot& table) {
  known_ = DefinitionOf(table);
  files_.emplace(plan_.app_id, table.version() + 1);
  overwrite_next_ = plan_.spec.target.mode == spec::TargetMode::kOverwrite;
}

Status TargetCommits::Commit(const Chunk& chunk, std::vector<delta::AddedFile> files) {
  delta::CommitRequest request{
      .transaction = delta::TransactionId{.app_id = plan_.app_id, .version = chunk.end_ordinal},
      .files = std::move(files),
      .operation_parameters = {
          {kPlanParameter, plan_.plan_text},
          {kSourceRowsParameter, fmt::format("{}", plan_.source->physical_rows())}}};
  // Nothing may have been committed but what stands before this chunk.
  const bool is_first = !plan_.committed_ordinal && chunk.first_ordinal == 0;
  bool is_committed = false;
  if (creates_next_) ARROW_RETURN_NOT_OK(CreateWith(&request).Value(&is_committed));
  if (!is_committed) {
    ARROW_RETURN_NOT_OK(
        CommitAfter(std::move(request), is_first ? kNoProgress : chunk.first_ordinal));
  }
  overwrite_next_ = false;
  MaybeCheckpoint();
  return Status::OK();
}

// That the run has committed as `version`, whatever others have made of it since.
Status TargetCommits::KnowDefinitionOf(int64_t version) {
  ARROW_ASSIGN_OR_RAISE(const auto ours,
                        delta::Snapshot::Open(plan_.target.path, {.version = version}));
  known_ = DefinitionOf(*ours);
  return Status::OK();
}

// Makes the table with the first rows; false where another writer has made it meanwhile.
Result<bool> TargetCommits::CreateWith(delta::CommitRequest* request) {
  request->schema = plan_.definition;
  request->properties = NewProperties(plan_.spec, plan_.target);
  ARROW_ASSIGN_OR_RAISE(const delta::CommitOutcome outcome,
                        delta::CreateTable(plan_.target.path, *request));
  creates_next_ = false;
  if (!outcome.committed) {
    ARROW_ASSIGN_OR_RAISE(const auto made, delta::Snapshot::Open(plan_.target.path));
    BeginWith(*made);
    return false;
  }
  ARROW_RETURN_NOT_OK(KnowDefinitionOf(outcome.version));
  files_.emplace(plan_.app_id, outcome.version);
  last_version_ = outcome.version;
  return true;
}

Status TargetCommits::CommitAfter(delta::CommitRequest request, int64_t expected_progress) {
  for (int attempt = 0; attempt < kMaximumAttempts; ++attempt) {
    if (attempt > 0) BackOff(attempt);
    ARROW_ASSIGN_OR_RAISE(const auto latest, delta::Snapshot::Open(plan_.target.path));
    ARROW_ASSIGN_OR_RAISE(const bool is_committed,
                          IsCommitted(*latest, request, expected_progress, attempt));
    if (is_committed) {
      last_version_ = latest->version();
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(CheckSameTable(*latest));
    ARROW_RETURN_NOT_OK(files_->Follow(*latest));
    ARROW_RETURN_NOT_OK(CheckUnchanged(*latest));
    ARROW_RETURN_NOT_OK(CheckNoRowsLost(*latest));
    if (expected_progress == kNoProgress) ARROW_RETURN_NOT_OK(CheckStillEmpty(*latest));
    SetMode(*latest, &request);
    ARROW_ASSIGN_OR_RAISE(const delta::CommitOutcome outcome, delta::Commit(*latest, request));
    if (outcome.committed) {
      last_version_ = outcome.version;
      if (request.mode != delta::CommitRequest::Mode::kOverwriteSchema) return Status::OK();
      return KnowDefinitionOf(outcome.version);
    }
  }
  return MakeError({.code = ErrorCode::kTargetBusy,
                    .what = "other writers kept committing to the target first",
                    .where = plan_.target.path,
                    .why = fmt::format("{} attempts to commit were overtaken by other writers",
                                       kMaximumAttempts),
                    .cure = "run again when the table is less busy; what was committed is kept"});
}

// Whether the table records the request's transaction already: an earlier attempt of ours landed,
// although we saw it fail. Fails where another run of the same plan is ahead of this one.
Result<bool> TargetCommits::IsCommitted(const delta::Snapshot& latest,
                                        const delta::CommitRequest& request,
                                        int64_t expected_progress, int attempt) const {
  ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> progress,
                        latest.LastTransactionVersion(plan_.app_id));
  const bool adds_nothing = request.files.empty() && !overwrite_next_;
  if (progress == request.transaction->version && (attempt > 0 || adds_nothing)) return true;
  if (progress.value_or(kNoProgress) <= std::max<int64_t>(expected_progress, 0)) return false;
  return MakeError(
      {.code = ErrorCode::kCommitConflict,
       .what = "another run of the same pipeline is writing the target",
       .where = fmt::format("{} (version {})", plan_.target.path, latest.version()),
       .why = fmt::format("it has committed the source rows before {}", FormatCount(*progress)),
       .cure = "let it finish; what it has committed is complete"});
}

// Decides at the table that the commit comes after, because its columns may have changed meanwhile.
void TargetCommits::SetMode(const delta::Snapshot& latest, delta::CommitRequest* request) const {
  if (!overwrite_next_) {
    request->mode = delta::CommitRequest::Mode::kAppend;
    return;
  }
  const arrow::Schema& schema = *plan_.pipeline->output_schema;
  const bool is_same = latest.partition_columns().empty() &&
                       latest.schema()->Equals(schema, /*check_metadata=*/false) &&
                       HasFileSchema(latest);
  if (!ReplacesSchema(plan_.spec) || is_same) {
    request->mode = delta::CommitRequest::Mode::kOverwrite;
    return;
  }
  request->mode = delta::CommitRequest::Mode::kOverwriteSchema;
  request->schema = plan_.definition;
  request->properties = NewProperties(plan_.spec, plan_.target);
}

Status TargetCommits::CheckSameTable(const delta::Snapshot& latest) const {
  if (latest.table_id() == known_.table_id) return Status::OK();
  return MakeError({.code = ErrorCode::kCommitConflict,
                    .what = "the target was replaced by another table during the run",
                    .where = fmt::format("{} (version {})", plan_.target.path, latest.version()),
                    .cure = "run again to start with the new table"});
}

// A table's rules may be others since the plan looked at them, or its columns. A commit that only
// says them again changes nothing.
Status TargetCommits::CheckUnchanged(const delta::Snapshot& latest) const {
  if (overwrite_next_ && ReplacesSchema(plan_.spec)) return Status::OK();
  const Definition now = DefinitionOf(latest);
  const std::string& commit = files_->last_definition();
  std::string difference = SchemaDifference(*latest.schema(), *plan_.pipeline->output_schema);
  std::string_view what = "columns";
  if (difference.empty() && !HasFileSchema(latest)) {
    what = "column mapping";
    difference = "its files have the columns under other names or ids than this run has written";
  }
  if (difference.empty()) {
    if (now == known_) return Status::OK();
    what = now.partition_columns != known_.partition_columns ? "partitioning"
           : now.protocol != known_.protocol                 ? "protocol"
                                                             : "properties";
  }
  return MakeError(
      {.code = ErrorCode::kCommitConflict,
       .what = fmt::format("another writer changed the target's {} during the run", what),
       .where = fmt::format("{} ({})", plan_.target.path,
                            commit.empty() ? fmt::format("version {}", latest.version()) : commit),
       .why = std::move(difference),
       .cure = "run again; what was committed before is kept"});
}

// Whether `latest`, whose columns are the run's, has them in files as the run writes them.
bool TargetCommits::HasFileSchema(const delta::Snapshot& latest) const {
  const bool maps = latest.column_mapping() != delta::ColumnMapping::kNone;
  if (maps != plan_.maps_columns()) return false;
  return !maps || InFilesOf(latest, *plan_.pipeline->output_schema)
                      ->Equals(*plan_.file_schema, /*check_metadata=*/true);
}

// Another writer's overwrite or DELETE may have taken rows of the run out of the table, which the
// run would never notice: it goes on behind them.
Status TargetCommits::CheckNoRowsLost(const delta::Snapshot& latest) const {
  const std::optional<FileFate> loss = files_->FirstLoss();
  if (!loss) return Status::OK();
  return MakeError(
      {.code = ErrorCode::kCommitConflict,
       .what = "another writer removed rows from the target that this run had committed",
       .where = fmt::format("{} (version {})", plan_.target.path, latest.version()),
       .why = fmt::format("{} removed or rewrote files that hold them", NameCommit(*loss)),
       .cure = plan_.spec.target.mode == spec::TargetMode::kOverwrite
                   ? "run again with --fresh, which overwrites the table"
                   : fmt::format("RESTORE the table to version {} and run again to resume; or, if "
                                 "none of the run's rows are left, run with --fresh",
                                 loss->version - 1)});
}

// With error_if_exists the run may only write where nobody else has.
Status TargetCommits::CheckStillEmpty(const delta::Snapshot& latest) const {
  if (plan_.spec.target.mode != spec::TargetMode::kErrorIfExists) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const bool is_empty, IsEmptyTable(latest));
  if (is_empty) return Status::OK();
  return MakeError({.code = ErrorCode::kCommitConflict,
                    .what = "another writer added rows to the new target",
                    .where = fmt::format("{} (version {})", plan_.target.path, latest.version()),
                    .why = "target.mode is error_if_exists",
                    .cure = "choose another target, or target.mode: append or overwrite"});
}

// A checkpoint only saves later readers time, so that a failure to write one is no failure of the
// run.
void TargetCommits::MaybeCheckpoint() const {
  Result<std::unique_ptr<delta::Snapshot>> latest = delta::Snapshot::Open(plan_.target.path);
  if (!latest.ok()) return;
  const int64_t version = (*latest)->version();
  if (version == 0 || version % CheckpointInterval(**latest) != 0) return;
  static_cast<void>((*latest)->WriteCheckpoint());
}

}  // namespace spillway::pipeline
