#include "pipeline/job.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "delta/snapshot.h"
#include "memory/process_memory.h"
#include "memory/watermark.h"
#include "pipeline/chunk_size.h"
#include "pipeline/disk_room.h"
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
    case ErrorCode::kMemoryShort:
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
  const bool has_row_groups = plan.mode == RunMode::kChunked && !plan.spec.in_key_order();
  const int64_t half = has_row_groups
                           ? HalfChunkRows(plan.source->files(), plan.source->left_out_rows(),
                                           plan.chunks, chunk_rows)
                           : chunk_rows / 2;
  chunk_rows = std::max(std::min(chunk_rows, kSmallestChunkRows), half);
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
  return plan.rows_read_within(plan.committed_ordinal.value_or(0), progress.value_or(0));
}

int64_t ChunksOf(const std::vector<CommittedChunk>& commits) {
  int64_t chunks = 0;
  for (const CommittedChunk& commit : commits) chunks += commit.chunks;
  return chunks;
}

class Job {
 public:
  Job(const spec::Spec& spec, const PlanOptions& options,
      const std::vector<JobListener*>& listeners, Progress* progress, const StopSignal& stop,
      JobReport* report)
      : spec_(spec),
        options_(options),
        listeners_(listeners),
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
      Status status = Prepare();
      const bool is_planned = status.ok();
      if (is_planned) {
        for (JobListener* listener : listeners_) listener->AttemptBegins(plan(), number);
        status = Attempt();
      } else if (number == 1) {
        return status;  // nothing was begun
      }
      if (status.ok() || number == most || stop_.load() != 0 || !IsWorthAnother(status)) {
        return status;
      }
      TakeDown(status, is_planned);
      for (JobListener* listener : listeners_) {
        listener->AttemptFailed(report_->failed.back(), number);
      }
      BackOff(number, stop_);
    }
  }

 private:
  const Plan& plan() const { return *report_->plan; }

  // Plans the attempt. The first one takes the lock once it is known that there is something to do;
  // the target may have changed until then.
  Status Prepare() {
    report_->chunks_before = ChunksOf(report_->commits);
    if (!shortage_.empty()) ARROW_RETURN_NOT_OK(TakeWhatIsLeft());
    ARROW_RETURN_NOT_OK(MakeOwnPlan());
    if (lock_ != nullptr) return CheckWhatIsLeft();
    report_->goes_on = plan().committed_ordinal.value_or(0) > 0;
    if (plan().finished()) {
      CleanUpAfterTheEnd();
      return CheckFinishedTarget(plan());
    }
    ARROW_RETURN_NOT_OK(CheckBound(plan()));
    ARROW_RETURN_NOT_OK(CheckFolders(plan()));
    ARROW_RETURN_NOT_OK(CheckRoom(plan()));
    if (!std::filesystem::exists(plan().target.path)) new_folder_ = plan().target.path;
    ARROW_ASSIGN_OR_RAISE(lock_, state::RunLock::Take(folder(), name()));
    // Meanwhile another run may have come to its end.
    ARROW_ASSIGN_OR_RAISE(const bool is_latest, IsLatest());
    if (!is_latest) ARROW_RETURN_NOT_OK(MakeOwnPlan());
    return RemoveWhatIsLeft(plan().kept).Value(&report_->files_removed);
  }

  // Of an attempt after one that others left too little memory.
  Status CheckWhatIsLeft() const {
    if (shortage_.empty() || plan().fits()) return Status::OK();
    return MakeError(
        {.code = ErrorCode::kBudgetTooSmall,
         .what = fmt::format("the job does not fit in the {} that other processes leave free",
                             FormatByteSize(plan().budget.total_bytes)),
         .where = shortage_,
         .why = fmt::format("the smallest budget that fits is {}",
                            FormatByteSize(plan().smallest_budget_bytes)),
         .cure = "stop them or wait for them, then run again to resume"});
  }

  Status MakeOwnPlan() {
    report_->plan.reset();
    ARROW_RETURN_NOT_OK(MakePlan(spec_, options_).Value(&report_->plan));
    if (!distrusts_indexes_ || plan().fits()) return Status::OK();
    distrusts_indexes_ = options_.joins_out_of_core = false;
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
  Result<int64_t> RemoveWhatIsLeft(const std::vector<KeptPiece>& kept) {
    storage::RemoveUnfinished(folder(), name() + ".");
    int64_t removed = 0;
    ARROW_ASSIGN_OR_RAISE(const auto record, state::ReadRunRecord(folder(), name()));
    if (record) {
      ARROW_ASSIGN_OR_RAISE(removed, RemoveLeftFiles(plan().target.path, *record, kept));
    }
    has_left_ = false;
    if (!kept.empty()) return removed;
    ARROW_RETURN_NOT_OK(storage::RemoveFile(CheckpointPathOf(plan())));
    ARROW_RETURN_NOT_OK(state::RemoveRunRecord(folder(), name()));
    return removed;
  }

  // A run may have been killed between its last commit and its end. What cannot be removed harms
  // nobody.
  void CleanUpAfterTheEnd() {
    if (!std::filesystem::exists(folder())) return;
    const auto lock = state::RunLock::Take(folder(), name());
    if (!lock.ok()) return;
    spill::SpillDirectory::RemoveDead(SpillBaseOf(plan()));
    static_cast<void>(RemoveWhatIsLeft({}));
  }

  // Says under which names files will be written, before there is one, and under which ones are
  // there. Of a run whose files are kept, or could not be removed, others are in commits from that
  // run's first version on.
  Status Record() const {
    ARROW_ASSIGN_OR_RAISE(const auto before, state::ReadRunRecord(folder(), name()));
    int64_t first_version = plan().target.exists() ? plan().target.snapshot->version() + 1 : 0;
    if (!plan().kept.empty() || has_left_) first_version = before ? before->first_version : 0;
    state::RunRecord record{.file_tags = {plan().file_tag}, .first_version = first_version};
    const auto add = [&record](const std::string& tag) {
      if (std::ranges::find(record.file_tags, tag) == record.file_tags.end()) {
        record.file_tags.push_back(tag);
      }
    };
    for (const KeptPiece& piece : plan().kept) {
      for (const delta::AddedFile& file : piece.files) add(FileTagIn(file.relative_path));
    }
    if (has_left_ && before) std::ranges::for_each(before->file_tags, add);
    return state::WriteRunRecord(folder(), name(), record);
  }

  Status Attempt() {
    if (plan().finished()) return pipeline::Run(plan(), progress_, stop_).Value(&report_->run);
    ARROW_RETURN_NOT_OK(CheckBound(plan()));
    ARROW_RETURN_NOT_OK(Record());
    has_left_ = true;
    ARROW_ASSIGN_OR_RAISE(auto checkpoint, MakeCheckpoint());
    const OnCommit on_commit = [this](const CommittedChunk& chunk) {
      report_->commits.push_back(chunk);
      for (JobListener* listener : listeners_) listener->ChunkCommitted(chunk);
    };
    Result<RunReport> run = pipeline::Run(plan(), progress_, stop_, checkpoint.get(), on_commit);
    checkpoint.reset();
    // What cannot be removed now is on record for the next run.
    static_cast<void>(CleanUp(run.ok() && !run->stopped));
    // The budget allows what the system refused, somewhere: that is no fault of ours.
    if (run.status().IsOutOfMemory()) {
      return WithCode(run.status(), ErrorCode::kBudgetExceeded, {}, plan().target.path);
    }
    return std::move(run).Value(&report_->run);
  }

  // None where nothing is to be put on record.
  Result<std::unique_ptr<Checkpoint>> MakeCheckpoint() const {
    if (!plan().keeps_pieces()) return nullptr;
    return Checkpoint::Make(CheckpointPathOf(plan()), plan().work_identity, plan().kept,
                            plan().spec.processing.checkpoint_interval_rows);
  }

  // Behind an attempt. One that has not finished leaves what it has written on record.
  Status CleanUp(bool is_finished) {
    std::vector<KeptPiece> kept;
    if (!is_finished) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> progress, Progressed());
      kept = ReadCheckpoint(CheckpointPathOf(plan()), plan().work_identity, progress.value_or(0),
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
  void TakeDown(const Status& status, bool is_planned) {
    FailedAttempt& failed = report_->failed.emplace_back(FailedAttempt{.status = status});
    if (!is_planned) return;
    failed.lanes = plan().lanes;
    failed.chunk_size_rows = spec_.processing.chunk_size_rows;
    const auto progress = Progressed();
    if (progress.ok()) failed.rows_committed = CommittedRows(plan(), *progress);
    options_.beginning.ours = plan().app_id;
    const auto error = FindError(status);
    if (error && error->code != ErrorCode::kTargetBusy) TakeSmallerSteps(plan(), &spec_);
    if (error && error->code == ErrorCode::kMemoryShort) shortage_ = error->where;
    // Nothing but an index grows with a lookup's values, whose lengths a file may hide.
    if (error && error->code == ErrorCode::kBudgetExceeded && !options_.joins_out_of_core) {
      distrusts_indexes_ = options_.joins_out_of_core = true;
    }
    budget_bytes_ = plan().budget.total_bytes;
  }

  // The next attempt is planned for the memory that others leave.
  Status TakeWhatIsLeft() {
    constexpr int64_t kLeast = kMiB;  // which no job fits
    ARROW_ASSIGN_OR_RAISE(const auto limits, memory::FindMemoryLimits(options_.memory_paths));
    ARROW_ASSIGN_OR_RAISE(const auto own, memory::ReadProcessMemory());
    const int64_t left =
        memory::BytesLeft(limits, own.unreclaimable_bytes(),
                          static_cast<int>(spec_.resources.max_memory_usage_percent));
    spec_.resources.memory_bytes = std::clamp(left, kLeast, budget_bytes_);
    return Status::OK();
  }

  spec::Spec spec_;
  PlanOptions options_;
  const std::vector<JobListener*>& listeners_;
  Progress* const progress_;
  const StopSignal& stop_;
  JobReport* const report_;
  std::string new_folder_;          // that the lock made: the target's
  bool distrusts_indexes_ = false;  // lookups are joined out of core, if that fits: see TakeDown
  bool has_left_ = false;           // perhaps: files of an attempt, on record and not removed yet
  std::string shortage_;            // why an attempt's budget is smaller than the user's
  int64_t budget_bytes_ = 0;        // of the last attempt
  std::unique_ptr<state::RunLock> lock_;
};

}  // namespace

std::string DescribeWhatIsKept(const JobReport& job, const Progress& progress) {
  int64_t chunks = ChunksOf(job.commits);
  int64_t of = chunks;
  bool is_committed = true;
  if (job.plan != nullptr) {
    of = job.chunks_before + static_cast<int64_t>(job.plan->chunks.size());
    const bool keeps = job.plan->commits_at_end() && job.plan->keeps_pieces();
    if (chunks == 0 && keeps) {
      chunks = progress.chunks_written.load();
      is_committed = false;
    }
  }
  if (chunks == 0 && !job.goes_on) return {};
  if (chunks == 0) {
    return "Nothing was lost: what was committed before is kept. Run again to resume.";
  }
  return fmt::format("Nothing was lost: {} of {}{} {} {}. Run again to resume.",
                     chunks == 1 ? "chunk 1" : fmt::format("chunks 1-{}", FormatCount(chunks)),
                     FormatCount(of), job.goes_on ? " that were left" : "",
                     chunks == 1 ? "is" : "are", is_committed ? "committed" : "written and kept");
}

Status RunJob(const spec::Spec& spec, const PlanOptions& options,
              const std::vector<JobListener*>& listeners, Progress* progress,
              const StopSignal& stop, JobReport* report) {
  return Job(spec, options, listeners, progress, stop, report).Run();
}

}  // namespace spillway::pipeline
