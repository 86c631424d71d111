#include "pipeline/progress_record.h"

#include <charconv>
#include <map>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "delta/commit_stream.h"
#include "spec/canonical_text.h"

namespace spillway::pipeline {
namespace {

std::string Pin(std::string_view name, const delta::Snapshot& table) {
  return fmt::format("{} is version {} of {}\n", name, table.version(), table.table_id());
}

constexpr int64_t kMostCommits = 10'000;
constexpr size_t kHashDigits = 32;

std::string IdentityPrefix(const spec::LocatedText& pipeline) {
  return fmt::format("spillway:{}:", pipeline.text);
}

std::string AppId(const std::string& identity, int repetition) {
  return repetition == 0 ? identity : fmt::format("{}:{}", identity, repetition);
}

// The identity in the app id of a run of the pipeline with this prefix.
std::optional<std::string> IdentityIn(const std::string& app_id, const std::string& prefix) {
  if (!app_id.starts_with(prefix)) return std::nullopt;
  const size_t length = prefix.size() + kHashDigits;
  const bool is_identity = app_id.find_first_not_of("0123456789abcdef", prefix.size()) >= length;
  if (app_id.size() < length || !is_identity) return std::nullopt;
  if (app_id.size() > length && app_id[length] != ':') return std::nullopt;
  return app_id.substr(0, length);
}

// What the commit of `version` says of a run with this prefix, if it is one's.
Result<std::optional<LastRun>> RunOf(delta::CommitStream* commit, const std::string& prefix) {
  std::optional<LastRun> run;
  std::map<std::string, std::string> parameters;
  int64_t progress = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(std::optional<delta::CommitAction> action, commit->Next());
    if (!action) break;
    if (action->kind == delta::CommitAction::Kind::kOperation) {
      parameters = std::move(action->parameters);
    } else if (action->kind == delta::CommitAction::Kind::kTransaction) {
      if (auto identity = IdentityIn(action->text, prefix)) {
        run = LastRun{.identity = *std::move(identity)};
        progress = action->transaction_version;
      }
    }
  }
  if (!run) return run;
  const auto plan = parameters.find(kPlanParameter);
  if (plan != parameters.end()) run->plan_text = plan->second;
  const auto rows = parameters.find(kSourceRowsParameter);
  int64_t source_rows = 0;
  if (rows != parameters.end()) {
    const std::string& text = rows->second;
    std::from_chars(text.data(), text.data() + text.size(), source_rows);
  }
  run->is_finished = progress >= source_rows;
  return run;
}

std::set<std::string> LinesOf(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

// `shown` names the string variables that the rows depend on, but not their values.
std::string ChangedVariable(const spec::Spec& spec, const std::string& shown) {
  std::vector<std::string> used;
  for (const auto& [name, variable] : spec.variables) {
    if (shown.find(fmt::format("${{{}}}", name)) == std::string::npos) continue;
    if (variable.kind == spec::Variable::Kind::kString) used.push_back(fmt::format("`{}`", name));
  }
  return used.size() == 1
             ? fmt::format("variable {} has changed", used.front())
             : fmt::format("one of the variables {} has changed", fmt::join(used, ", "));
}

Status PlanChanged(const spec::Spec& spec, const delta::Snapshot& target, const LastRun& last,
                   const PlanText& plan_text) {
  const bool appends = spec.target.mode == spec::TargetMode::kAppend;
  std::string difference = "its commits do not record what was different";
  if (last.plan_text == plan_text.shown) {
    difference = ChangedVariable(spec, plan_text.shown);
  } else if (!last.plan_text.empty()) {
    difference = PlanDifference(last.plan_text, plan_text.shown);
  }
  ErrorInfo error{
      .code = ErrorCode::kPlanChanged,
      .what = "an earlier, unfinished run used a different pipeline file or different inputs",
      .where = fmt::format("{} (version {})", target.root_path(), last.version),
      .why = difference};
  if (last.is_finished) {
    error.what =
        "an earlier run of this pipeline appended rows from a different pipeline file or different "
        "inputs";
    error.cure = "run with --fresh to append all rows of this run as well";
  } else if (appends) {
    error.cure =
        "undo the change (source.version pins an input) to finish that run; or RESTORE the table "
        "to the version before that run, and run with --fresh";
  } else {
    error.cure =
        "run with --fresh to rewrite the target; or undo the change (source.version pins an input) "
        "to finish that run";
  }
  return MakeError(std::move(error));
}

Status ProgressForgotten(const delta::Snapshot& target, const std::string& retention) {
  return MakeError(
      {.code = ErrorCode::kProgressForgotten,
       .what = "the target does not keep track of which rows were appended",
       .where = fmt::format("{} (version {})", target.root_path(), target.version()),
       .why = fmt::format("delta.setTransactionRetentionDuration is {}, and there is no record of "
                          "a run of this plan",
                          retention),
       .cure = "run with --fresh if these rows were never appended; or unset the property: ALTER "
               "TABLE .. UNSET TBLPROPERTIES ('delta.setTransactionRetentionDuration')"});
}

}  // namespace

Result<ProgressRecord> FindBeginning(const spec::Spec& spec, const delta::Snapshot* target,
                                     const PlanText& plan_text, const Beginning& beginning) {
  const std::string identity = PlanIdentity(spec, plan_text);
  ARROW_ASSIGN_OR_RAISE(ProgressRecord progress, FindProgress(target, identity, /*fresh=*/false));
  if (target == nullptr || beginning.only_looks) return progress;
  const bool appends = spec.target.mode == spec::TargetMode::kAppend;
  ARROW_ASSIGN_OR_RAISE(const std::optional<LastRun> last, FindLastRun(*target, spec.pipeline));
  const bool is_changed = last && last->identity != identity;
  if (beginning.fresh) {
    const bool has_begun = progress.committed_ordinal && last && !last->is_finished;
    if (appends && has_begun && !is_changed) return progress;
    return FindProgress(target, identity, /*fresh=*/true, beginning.ours);
  }
  if (is_changed) {
    const bool adds_to_it = appends && !progress.committed_ordinal;
    if (!last->is_finished || adds_to_it) return PlanChanged(spec, *target, *last, plan_text);
    // Since this plan's run another one has overwritten its rows.
    if (!appends) return FindProgress(target, identity, /*fresh=*/true, beginning.ours);
  }
  const auto retention = target->properties().find("delta.setTransactionRetentionDuration");
  if (appends && !progress.committed_ordinal && retention != target->properties().end()) {
    return ProgressForgotten(*target, retention->second);
  }
  return progress;
}

PlanText MakePlanText(const spec::Spec& spec, const delta::Snapshot& source,
                      const std::vector<std::unique_ptr<delta::Snapshot>>& lookups) {
  std::string pins = Pin("source", source);
  for (size_t i = 0; i < lookups.size(); ++i) {
    pins += Pin(fmt::format("lookup {}", i + 1), *lookups[i]);
  }
  return {.whole = spec::CanonicalText(spec, spec::VariableText::kValues) + pins,
          .shown = spec::CanonicalText(spec, spec::VariableText::kNames) + pins};
}

std::string PlanIdentity(const spec::Spec& spec, const PlanText& plan_text) {
  const XXH128_hash_t hash = XXH3_128bits(plan_text.whole.data(), plan_text.whole.size());
  return fmt::format("{}{:016x}{:016x}", IdentityPrefix(spec.pipeline), hash.high64, hash.low64);
}

std::string WorkIdentity(const spec::Spec& spec, const std::string& app_id) {
  const std::string text = spec::ExpectationsText(spec);
  if (text.empty()) return app_id;
  return fmt::format("{}#{:016x}", app_id, XXH3_64bits(text.data(), text.size()));
}

Result<std::optional<LastRun>> FindLastRun(const delta::Snapshot& target,
                                           const spec::LocatedText& pipeline) {
  const std::string prefix = IdentityPrefix(pipeline);
  const int64_t newest = target.version();
  for (int64_t version = newest; version >= 0 && newest - version < kMostCommits; --version) {
    ARROW_ASSIGN_OR_RAISE(const auto commit, delta::CommitStream::Open(target, version));
    if (commit == nullptr) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(std::optional<LastRun> run, RunOf(commit.get(), prefix));
    if (!run) continue;
    run->version = version;
    return run;
  }
  return std::nullopt;
}

std::string PlanDifference(const std::string& before, const std::string& now) {
  const std::set<std::string> old_lines = LinesOf(before);
  const std::set<std::string> new_lines = LinesOf(now);
  std::vector<std::string> lines;
  for (const std::string& line : old_lines) {
    if (!new_lines.contains(line)) lines.push_back("- " + line);
  }
  for (const std::string& line : new_lines) {
    if (!old_lines.contains(line)) lines.push_back("+ " + line);
  }
  return fmt::format("{}", fmt::join(lines, "\n         "));
}

Result<ProgressRecord> FindProgress(const delta::Snapshot* target, const std::string& identity,
                                    bool fresh, std::string_view ours) {
  ProgressRecord latest{.app_id = identity};
  if (target == nullptr) return latest;
  for (int repetition = 0;; ++repetition) {
    ProgressRecord next{.app_id = AppId(identity, repetition)};
    ARROW_ASSIGN_OR_RAISE(next.committed_ordinal, target->LastTransactionVersion(next.app_id));
    if (!next.committed_ordinal) return fresh ? next : latest;
    latest = std::move(next);
    if (latest.app_id == ours) return latest;
  }
}

}  // namespace spillway::pipeline
