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

constexpr std::string_view kIsVersion = " is version ";
constexpr std::string_view kOf = " of ";

std::string PinLine(std::string_view name, const InputPin& pin) {
  return fmt::format("{}{}{}{}{}\n", name, kIsVersion, pin.version, kOf, pin.table_id);
}

// The name of an input in a plan's text.
std::string PinName(size_t input) {
  return input == 0 ? "source" : fmt::format("lookup {}", input);
}

// None where `line` pins no input of this name.
std::optional<InputPin> PinOf(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (!line.starts_with(kIsVersion)) return std::nullopt;
  line.remove_prefix(kIsVersion.size());
  InputPin pin;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), pin.version);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  if (!line.starts_with(kOf)) return std::nullopt;
  pin.table_id = line.substr(kOf.size());
  return pin;
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
        run = LastRun{.app_id = action->text, .identity = *std::move(identity)};
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

}  // namespace

PlanText MakePlanText(const spec::Spec& spec, const std::vector<InputPin>& pins) {
  std::string lines;
  for (size_t i = 0; i < pins.size(); ++i) lines += PinLine(PinName(i), pins[i]);
  return {.whole = spec::CanonicalText(spec, spec::VariableText::kValues) + lines,
          .shown = spec::CanonicalText(spec, spec::VariableText::kNames) + lines};
}

std::vector<InputPin> PinsIn(const std::string& plan_text) {
  std::vector<InputPin> pins;
  std::istringstream stream(plan_text);
  for (std::string line; std::getline(stream, line);) {
    if (auto pin = PinOf(line, PinName(pins.size()))) pins.push_back(*std::move(pin));
  }
  return pins;
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

Result<WrittenRows> FindWrittenRows(const delta::Snapshot& target,
                                    const spec::LocatedText& pipeline, const LastRun& last) {
  const std::string prefix = IdentityPrefix(pipeline);
  WrittenRows written{.first_version = last.version};
  std::set<std::string> paths;
  const int64_t newest = target.version();
  for (int64_t version = newest; version >= 0 && newest - version < kMostCommits; --version) {
    ARROW_ASSIGN_OR_RAISE(const auto commit, delta::CommitStream::Open(target, version));
    if (commit == nullptr) break;
    std::vector<std::string> added;
    std::optional<std::string> app_id;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const auto action, commit->Next());
      if (!action) break;
      if (action->kind == delta::CommitAction::Kind::kAdd) added.push_back(action->text);
      if (action->kind != delta::CommitAction::Kind::kTransaction) continue;
      if (IdentityIn(action->text, prefix)) app_id = action->text;
    }
    if (!app_id) continue;
    if (*app_id == last.app_id) written.first_version = version;
    paths.insert(added.begin(), added.end());
  }
  ARROW_ASSIGN_OR_RAISE(const auto files, target.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) return written;
    if (!paths.contains(file->path)) continue;
    written.rows += file->num_records.value_or(0) -
                    (file->deletion_vector ? file->deletion_vector->cardinality : 0);
  }
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
