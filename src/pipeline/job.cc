#include "pipeline/job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "delta/snapshot.h"
#include "pipeline/left_files.h"
#include "pipeline/state_folder.h"
#include "pipeline/table_writer.h"
#include "state/run_lock.h"
#include "state/run_record.h"
#include "storage/durable_file.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kSmallestChunkRows = 1 << 16;

// Whether the same plan, or one in smaller steps, may do what this one did not.
bool IsWorthAnother(const Status& status) {
  const std::optional<ErrorInfo> error = FindError(status);
  if (!error) return false;
  switch (error->code) {
    case ErrorCode::kBudgetExceeded:
    case ErrorCode::kTargetBusy:
    case ErrorCode::kSpillDamaged:
    case ErrorCode::kStorage:
      return true;
    default:
      return false;
  }
}

// Half the chunk and half the lanes, down to a floor.
void TakeSmallerSteps(const Plan& plan, spec::Spec* spec) {
  int64_t& chunk_rows = spec->processing.chunk_size_rows;
  chunk_rows = std::max(std::min(chunk_rows, kSmallestChunkRows), chunk_rows / 2);
  spec->resources.lanes = std::max(1, plan.lanes / 2);
}

// 100 ms, 200 ms, .. ; a stop ends it.
void BackOff(int attempt, const StopSignal& stop) {
  constexpr std::chrono::milliseconds kStep{20};
  const std::chrono::milliseconds wait(50LL << std::min(attempt, 6));
  for (auto waited = kStep; waited < wait && stop.load() == 0; waited += kStep) {
    std::this_thread::sleep_for(kStep);
  }
}

int64_t CommittedRows(const Plan& plan, const std::optional<int64_t>& progress) {
  return progress.value_or(0) - plan.committed_ordinal.value_or(0);
}

class Job {
 public:
  Job(const spec::Spec& spec, const PlanOptions& options, JobListener* listener, Progress* progress,
      const StopSignal& stop, JobReport* report)
      : spec_(spec),
        options_(options),
        listener_(listener),
        progress_(progress),
        stop_(stop),
        report_(report) {}

  ~Job() {
    lock_.reset();
    // A run that came to nothing leaves nothing; a folder with something in it stays.
    if (!new_folder_.empty()) ::rmdir(new_folder_.c_str());
  }

  Status Run() {
    const int64_t most = spec_.processing.max_attempts;
    for (int number = 1;; ++number) {
      ARROW_RETURN_NOT_OK(Prepare());
      listener_->AttemptBegins(plan(), number);
      const Status status = Attempt();
      if (status.ok() || number == most || stop_.load() != 0 || !IsWorthAnother(status)) {
        return status;
      }
      ARROW_RETURN_NOT_OK(TakeDown(status));
      listener_->AttemptFailed(report_->failed.back(), number);
      BackOff(number, stop_);
    }
  }

 private:
  const Plan& plan() const { return *report_->plan; }

  // Plans the attempt. The first one takes the lock once it is known that there is something to do;
  // the target may have changed until then.
  Status Prepare() {
    ARROW_RETURN_NOT_OK(MakeOwnPlan());
    if (lock_ != nullptr) return Status::OK();
    if (plan().finished()) {
      CleanUpAfterTheEnd();
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(CheckBound(plan()));
    if (!std::filesystem::exists(plan().target.path)) new_folder_ = plan().target.path;
    ARROW_ASSIGN_OR_RAISE(lock_, state::RunLock::Take(folder(), name()));
    // Meanwhile another run may have come to its end.
    ARROW_ASSIGN_OR_RAISE(const bool is_latest, IsLatest());
    if (!is_latest) ARROW_RETURN_NOT_OK(MakeOwnPlan());
    return RemoveWhatIsLeft(plan().kept).Value(&report_->files_removed);
  }

  Status MakeOwnPlan() {
    report_->plan.reset();
    return MakePlan(spec_, options_).Value(&report_->plan);
  }

  // Whether the target is as the plan has it.
  Result<bool> IsLatest() const {
    const ExistingTarget& target = plan().target;
    ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(target.path));
    if (!exists || !target.exists()) return exists == target.exists();
    ARROW_ASSIGN_OR_RAISE(const auto latest, delta::Snapshot::Open(target.path));
    return latest->version() == target.snapshot->version() &&
           latest->table_id() == target.snapshot->table_id();
  }

  std::string folder() const { return StateFolderOf(plan()); }
  std::string name() const { return StateNameOf(plan().spec); }

  // Removes the data files that a run has left, but for those of `kept`, and returns how many; and
  // its records, unless they are wanted for these.
  Result<int64_t> RemoveWhatIsLeft(const std::vector<KeptPiece>& kept) const {
    storage::RemoveUnfinished(folder(), name() + ".");
    int64_t removed = 0;
    if (const auto record = state::ReadRunRecord(folder(), name())) {
      ARROW_ASSIGN_OR_RAISE(removed, RemoveLeftFiles(plan().target.path, *record, kept));
    }
    if (!kept.empty()) return removed;
    ARROW_RETURN_NOT_OK(storage::RemoveFile(CheckpointPathOf(plan())));
    ARROW_RETURN_NOT_OK(state::RemoveRunRecord(folder(), name()));
    return removed;
  }

  // A run may have been killed between its last commit and its end. What cannot be removed harms
  // nobody.
  void CleanUpAfterTheEnd() const {
    if (!std::filesystem::exists(folder())) return;
    const auto lock = state::RunLock::Take(folder(), name());
    if (!lock.ok()) return;
    spill::SpillDirectory::RemoveDead(SpillBaseOf(plan()));
    static_cast<void>(RemoveWhatIsLeft({}));
  }

  // Says under which names files will be written, before there is one. Of a run whose files are
  // kept, others are in commits from that run's first version on.
  Status Record() const {
    const auto before = state::ReadRunRecord(folder(), name());
    int64_t first_version = plan().target.exists() ? plan().target.snapshot->version() + 1 : 0;
    if (!plan().kept.empty()) first_version = before ? before->first_version : 0;
    state::RunRecord record{.file_tags = {plan().file_tag}, .first_version = first_version};
    for (const KeptPiece& piece : plan().kept) {
      for (const delta::AddedFile& file : piece.files) {
        std::string tag = FileTagIn(file.relative_path);
        if (std::ranges::find(record.file_tags, tag) == record.file_tags.end()) {
          record.file_tags.push_back(std::move(tag));
        }
      }
    }
    return state::WriteRunRecord(folder(), name(), record);
  }

  Status Attempt() {
    if (plan().finished()) return pipeline::Run(plan(), progress_, stop_).Value(&report_->run);
    ARROW_RETURN_NOT_OK(CheckBound(plan()));
    ARROW_RETURN_NOT_OK(Record());
    ARROW_ASSIGN_OR_RAISE(auto checkpoint, MakeCheckpoint());
    Result<RunReport> run = pipeline::Run(plan(), progress_, stop_, checkpoint.get());
    checkpoint.reset();
    // What cannot be removed now is on record for the next run.
    static_cast<void>(CleanUp(run.ok() && !run->stopped));
    return std::move(run).Value(&report_->run);
  }

  // None where nothing is to be put on record.
  Result<std::unique_ptr<Checkpoint>> MakeCheckpoint() const {
    if (!plan().keeps_pieces()) return nullptr;
    return Checkpoint::Make(CheckpointPathOf(plan()), plan().app_id, plan().kept,
                            plan().spec.processing.checkpoint_interval_rows);
  }

  // Behind an attempt. One that has not finished leaves what it has written on record.
  Status CleanUp(bool is_finished) const {
    std::vector<KeptPiece> kept;
    if (!is_finished) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> progress, Progressed());
      kept = ReadCheckpoint(CheckpointPathOf(plan()), plan().app_id, progress.value_or(0),
                            plan().target.path);
    }
    return RemoveWhatIsLeft(kept).status();
  }

  // How far the run's commits have come.
  Result<std::optional<int64_t>> Progressed() const {
    ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(plan().target.path));
    if (!exists) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(const auto latest, delta::Snapshot::Open(plan().target.path));
    return latest->LastTransactionVersion(plan().app_id);
  }

  // Puts a failed attempt on record, and makes ready for the next one.
  Status TakeDown(const Status& status) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> progress, Progressed());
    report_->failed.push_back({.lanes = plan().lanes,
                               .chunk_size_rows = spec_.processing.chunk_size_rows,
                               .rows_committed = CommittedRows(plan(), progress),
                               .status = status});
    options_.beginning.ours = plan().app_id;
    const auto error = FindError(status);
    if (error && error->code != ErrorCode::kTargetBusy) TakeSmallerSteps(plan(), &spec_);
    return Status::OK();
  }

  spec::Spec spec_;
  PlanOptions options_;
  JobListener* const listener_;
  Progress* const progress_;
  const StopSignal& stop_;
  JobReport* const report_;
  std::string new_folder_;  // that the lock made: the target's
  std::unique_ptr<state::RunLock> lock_;
};

}  // namespace

Status RunJob(const spec::Spec& spec, const PlanOptions& options, JobListener* listener,
              Progress* progress, const StopSignal& stop, JobReport* report) {
  return Job(spec, options, listener, progress, stop, report).Run();
}

}  // namespace spillway::pipeline
