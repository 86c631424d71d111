#include "pipeline/beginning.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "base/error.h"
#include "base/units.h"
#include "delta/commit_stream.h"
#include "pipeline/committed_files.h"
#include "pipeline/table_writer.h"

namespace spillway::pipeline {
namespace {

constexpr char kRetention[] = "delta.setTransactionRetentionDuration";

// The versions of `last` where `spec` leaves the choice and the table is the same one.
std::vector<InputPin> HeldPins(const spec::Spec& spec, const std::vector<InputPin>& now,
                               const LastRun& last) {
  std::vector<InputPin> pins = now;
  const std::vector<InputPin> before = PinsIn(last.plan_text);
  for (size_t i = 0; i < std::min(now.size(), before.size()); ++i) {
    const spec::InputTable& input = InputOf(spec, i);
    const bool is_free = !input.version && !input.timestamp;
    const bool is_older = before[i].version <= now[i].version;
    if (is_free && is_older && before[i].table_id == now[i].table_id) pins[i] = before[i];
  }
  return pins;
}

// What is left in the target of a run that has not finished.
enum class RowsLeft { kAll, kSome, kNone, kUnknown };

Result<bool> HasFileOf(const delta::Snapshot& target, const FileOwner& owner) {
  ARROW_ASSIGN_OR_RAISE(const auto files, target.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) return false;
    if (IsFileOf(file->path, owner)) return true;
  }
}

// Where the log has lost commits of the run, the names of its files tell at least that they are
// there.
Result<RowsLeft> FindRowsLeft(const delta::Snapshot& target, const FileOwner& owner) {
  const Result<CommittedFiles> files = CommittedFiles::Find(target, owner.app_id);
  const std::optional<ErrorInfo> error = FindError(files.status());
  if (error && error->code == ErrorCode::kVersionNotFound) {
    ARROW_ASSIGN_OR_RAISE(const bool is_there, HasFileOf(target, owner));
    return is_there ? RowsLeft::kAll : RowsLeft::kUnknown;
  }
  ARROW_RETURN_NOT_OK(files);
  if (!files->FirstLoss()) return RowsLeft::kAll;
  return files->is_gone() ? RowsLeft::kNone : RowsLeft::kSome;
}

std::string VersionBefore(int64_t version) {
  return version > 0
             ? fmt::format("RESTORE the target to version {}, before that run,", version - 1)
             : std::string("remove the target, which that run has made,");
}

class StartFinder {
 public:
  StartFinder(const spec::Spec& spec, const delta::Snapshot& target,
              const std::vector<InputPin>& now, const Beginning& beginning,
              std::optional<LastRun> last)
      : spec_(spec),
        target_(target),
        now_(now),
        beginning_(beginning),
        last_(std::move(last)),
        held_(last_ ? HeldPins(spec, now, *last_) : now),
        appends_(spec.target.mode == spec::TargetMode::kAppend) {
    is_same_pipeline_ = last_ && last_->identity == IdentityWith(held_);
  }

  Result<Start> Find() const {
    if (beginning_.only_looks) return Look();
    const bool is_ours = last_ && !beginning_.ours.empty() && last_->app_id == beginning_.ours;
    if (is_same_pipeline_ && is_ours) return GoOn(held_);
    if (beginning_.fresh) return appends_ ? AppendAnew() : BeginAnew();
    if (is_same_pipeline_ && !last_->is_finished) return CheckRemembered(GoOn(held_));
    ARROW_ASSIGN_OR_RAISE(const Start start, GoOn(now_));
    if (last_ && last_->identity != IdentityWith(now_)) {
      const bool adds_to_it = appends_ && !start.progress.committed_ordinal;
      if (!last_->is_finished || adds_to_it) return PlanChanged();
      // Since this plan's run another one has overwritten its rows.
      if (!appends_) return BeginAnew();
    }
    return CheckRemembered(CheckNotThere(start));
  }

 private:
  std::string IdentityWith(const std::vector<InputPin>& pins) const {
    return PlanIdentity(spec_, MakePlanText(spec_, pins));
  }

  Result<Start> GoOn(const std::vector<InputPin>& pins) const {
    ARROW_ASSIGN_OR_RAISE(ProgressRecord progress,
                          FindProgress(&target_, IdentityWith(pins), /*fresh=*/false));
    return Start{.progress = std::move(progress), .pins = pins};
  }

  Result<Start> BeginAnew() const {
    ARROW_ASSIGN_OR_RAISE(ProgressRecord progress, FindProgress(&target_, IdentityWith(now_),
                                                                /*fresh=*/true, beginning_.ours));
    return Start{.progress = std::move(progress), .pins = now_};
  }

  Result<Start> Look() const {
    ARROW_ASSIGN_OR_RAISE(Start start, GoOn(now_));
    if (start.progress.committed_ordinal || !is_same_pipeline_) return start;
    return GoOn(held_);
  }

  Result<Start> AppendAnew() const {
    if (beginning_.append_again) return BeginAnew();
    ARROW_ASSIGN_OR_RAISE(Start start, GoOn(held_));
    const bool has_begun = last_ ? is_same_pipeline_ && !last_->is_finished
                                 : start.progress.committed_ordinal.has_value();
    if (has_begun) {
      ARROW_ASSIGN_OR_RAISE(const RowsLeft left,
                            FindRowsLeft(target_, OwnerOf(start.progress.app_id)));
      if (left == RowsLeft::kAll) return start;
      return left == RowsLeft::kNone ? BeginAnew() : RowsAreThere(left);
    }
    if (!last_) return BeginAnew();
    ARROW_ASSIGN_OR_RAISE(const WrittenRows written, Written());
    return written.rows == 0 ? BeginAnew() : RowsAreThere(RowsLeft::kAll);
  }

  FileOwner OwnerOf(const std::string& app_id) const {
    return {.pipeline = spec_.pipeline.text, .app_id = app_id};
  }

  Result<WrittenRows> Written() const { return FindWrittenRows(target_, spec_.pipeline, *last_); }

  // Of rows that are to be appended for the first time, as far as the log tells. Where it has lost
  // commits, the names of files tell whether that is so.
  Result<Start> CheckNotThere(Start start) const {
    if (!appends_ || last_ || start.progress.committed_ordinal) return start;
    ARROW_ASSIGN_OR_RAISE(const std::optional<int64_t> oldest, delta::OldestCommit(target_));
    if (oldest == 0) return start;
    ARROW_ASSIGN_OR_RAISE(const bool is_there, HasFileOf(target_, OwnerOf({})));
    return is_there ? RowsAreThere(RowsLeft::kUnknown) : Result<Start>(std::move(start));
  }

  Result<Start> CheckRemembered(Result<Start> start) const {
    ARROW_RETURN_NOT_OK(start);
    const auto retention = target_.properties().find(kRetention);
    if (!appends_ || start->progress.committed_ordinal || retention == target_.properties().end()) {
      return start;
    }
    return MakeError(
        {.code = ErrorCode::kProgressForgotten,
         .what = "the target does not keep track of which rows were appended",
         .where = fmt::format("{} (version {})", target_.root_path(), target_.version()),
         .why = fmt::format("{} is {}, and there is no record of a run of this plan", kRetention,
                            retention->second),
         .cure = fmt::format("run with --fresh if these rows were never appended; or unset the "
                             "property: ALTER TABLE .. UNSET TBLPROPERTIES ('{}')",
                             kRetention)});
  }

  // `shown` names the string variables that the rows depend on, but not their values.
  std::string ChangedVariable(const std::string& shown) const {
    std::vector<std::string> used;
    for (const auto& [name, variable] : spec_.variables) {
      if (shown.find(fmt::format("${{{}}}", name)) == std::string::npos) continue;
      if (variable.kind == spec::Variable::Kind::kString) used.push_back(fmt::format("`{}`", name));
    }
    return used.size() == 1
               ? fmt::format("variable {} has changed", used.front())
               : fmt::format("one of the variables {} has changed", fmt::join(used, ", "));
  }

  std::string Difference() const {
    if (last_->plan_text.empty()) return "its commits do not record what was different";
    const std::vector<InputPin>& pins = last_->is_finished ? now_ : held_;
    const std::string shown = MakePlanText(spec_, pins).shown;
    return last_->plan_text == shown ? ChangedVariable(shown)
                                     : PlanDifference(last_->plan_text, shown);
  }

  Status PlanChanged() const {
    ErrorInfo error{
        .code = ErrorCode::kPlanChanged,
        .what = "an earlier, unfinished run used a different pipeline file or different inputs",
        .where = fmt::format("{} (version {})", target_.root_path(), last_->version),
        .why = Difference()};
    if (!appends_) {
      error.cure =
          "run with --fresh to rewrite the target; or undo the change (source.version pins an "
          "input) to finish that run";
      return MakeError(std::move(error));
    }
    ARROW_ASSIGN_OR_RAISE(const WrittenRows written, Written());
    if (!last_->is_finished) {
      error.cure = fmt::format(
          "undo the change (source.version pins an input) to finish that run; or {} and run with "
          "--fresh",
          VersionBefore(written.first_version));
      return MakeError(std::move(error));
    }
    error.what =
        "an earlier run of this pipeline appended rows from a different pipeline file or different "
        "inputs";
    error.why += fmt::format("\n         {} rows of this pipeline are in the target",
                             FormatCount(written.rows));
    error.cure =
        "to replace the table's rows by all of this pipeline, run with --set "
        "target.mode=overwrite; to add all of them to those that are there, run with --fresh "
        "--append-again, and with a `where` that selects the new ones to add only these";
    return MakeError(std::move(error));
  }

  Status RowsAreThere(RowsLeft left) const {
    ErrorInfo error{
        .code = ErrorCode::kPlanChanged,
        .what =
            "rows of this pipeline may be in the target, and all rows would be appended once "
            "more",
        .where = fmt::format("{} (version {})", target_.root_path(), target_.version()),
        .why = "the target's log no longer has the commits that would show it",
        .cure =
            "run with --fresh --append-again if all rows are to be appended; or with --fresh "
            "--set target.mode=overwrite to replace the table's rows"};
    if (left == RowsLeft::kUnknown) return MakeError(std::move(error));
    ARROW_ASSIGN_OR_RAISE(const WrittenRows written, Written());
    error.what = fmt::format(
        "{} of this pipeline {} in the target, and --fresh would append all rows once more",
        Counted(written.rows, "row"), written.rows == 1 ? "is" : "are");
    error.why = {};
    if (!last_->is_finished) {
      error.why = "they are those of a run that has not finished, or a part of them";
      error.cure = fmt::format("{} and run with --fresh; or {}",
                               VersionBefore(written.first_version), error.cure);
    }
    return MakeError(std::move(error));
  }

  const spec::Spec& spec_;
  const delta::Snapshot& target_;
  const std::vector<InputPin>& now_;
  const Beginning& beginning_;
  const std::optional<LastRun> last_;
  const std::vector<InputPin> held_;  // of an input without a version: that of the last run
  const bool appends_;
  bool is_same_pipeline_ = false;  // as the last run's, whatever it came to
};

}  // namespace

Result<Start> FindStart(const spec::Spec& spec, const delta::Snapshot* target,
                        const std::vector<InputPin>& now, const Beginning& beginning) {
  if (target == nullptr) {
    return Start{.progress = {.app_id = PlanIdentity(spec, MakePlanText(spec, now))}, .pins = now};
  }
  ARROW_ASSIGN_OR_RAISE(std::optional<LastRun> last, FindLastRun(*target, spec.pipeline));
  return StartFinder(spec, *target, now, beginning, std::move(last)).Find();
}

}  // namespace spillway::pipeline
