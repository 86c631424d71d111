#include "cli/plan_report.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/units.h"
#include "pipeline/chunk_size.h"
#include "pipeline/disk_room.h"
#include "pipeline/way_choice.h"
#include "storage/memory_file_system.h"

namespace spillway::cli {
namespace {

using nlohmann::ordered_json;
using pipeline::PinnedTable;
using pipeline::Plan;

std::string TableLine(std::string_view role, const PinnedTable& table) {
  return fmt::format("  {:<12} {} (version {}): {}, {}, {}\n", role, table.snapshot().root_path(),
                     table.snapshot().version(), Counted(table.live_rows(), "row"),
                     Counted(static_cast<int64_t>(table.files().size()), "file"),
                     FormatByteSize(table.bytes()));
}

ordered_json TableJson(std::string_view name, const PinnedTable& table) {
  return {{"name", name},
          {"path", table.snapshot().root_path()},
          {"version", table.snapshot().version()},
          {"rows", table.live_rows()},
          {"files", table.files().size()},
          {"bytes", table.bytes()}};
}

// What `where` leaves out of the source before it is read.
std::string LeftOutLine(const PinnedTable& source) {
  const pipeline::LeftOut& left_out = source.left_out();
  if (left_out.rows == 0) return {};
  std::string what;
  if (left_out.files > 0) {
    what = fmt::format("{} of {} files", FormatCount(left_out.files),
                       FormatCount(static_cast<int64_t>(source.files().size())));
  }
  if (left_out.row_groups > 0) {
    what += fmt::format("{}{} row groups{}", what.empty() ? "" : " and ",
                        FormatCount(left_out.row_groups), what.empty() ? "" : " of the others");
  }
  return fmt::format("  {:<12} {}: {} of {} rows, which cannot meet `where`\n", "left out", what,
                     FormatCount(left_out.rows), FormatCount(source.live_rows()));
}

ordered_json LeftOutJson(const PinnedTable& source) {
  const pipeline::LeftOut& left_out = source.left_out();
  return {{"files", left_out.files}, {"row_groups", left_out.row_groups}, {"rows", left_out.rows}};
}

std::string WorkLine(const Plan& plan) {
  if (plan.finished()) {
    std::string line = "  to do        nothing: an earlier run has done it";
    if (plan.changes.loss)
      line += fmt::format(", but {} changed its rows", NameCommit(*plan.changes.loss));
    return line + "\n";
  }
  const bool at_end = plan.commits_at_end() && plan.chunks.size() > 1;
  std::string line =
      fmt::format("  to do        {}{}", at_end ? "1 commit at the end, of " : "",
                  Counted(static_cast<int64_t>(plan.chunks.size()), at_end ? "chunk" : "commit"));
  if (plan.chunks.size() > 1) {
    const int64_t rows = std::ranges::max(plan.chunks, {}, &pipeline::Chunk::num_rows).num_rows();
    line += fmt::format(" of at most {}", Counted(rows, "row"));
  }
  if (plan.committed_ordinal.value_or(0) > 0) {
    line += fmt::format(", resuming after source row {}", FormatCount(*plan.committed_ordinal));
  }
  if (!plan.kept.empty()) {
    line += fmt::format("; {} of the rows are already written", FormatCount(plan.kept_rows()));
  }
  return line + "\n";
}

// How many row groups splice, and why the others do not.
std::string SpliceLines(const pipeline::SplicePlan& splice) {
  std::string text =
      fmt::format("  {:<12} {} of {} row groups: unchanged columns are copied\n", "splice",
                  FormatCount(splice.spliced), FormatCount(splice.row_groups));
  for (const auto& [reason, row_groups] : splice.reasons) {
    text += fmt::format("  {:<12} {} not: {}\n", "", FormatCount(row_groups), reason);
  }
  return text;
}

// The names of the columns by which a source in key order is sorted.
std::vector<std::string> KeyOf(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& column : plan.spec.lookups.front().key) names.push_back(column.source.text);
  return names;
}

std::string JoinText(const Plan& plan, size_t lookup) {
  const std::optional<pipeline::OutOfCoreJoin>& join = plan.external_joins[lookup];
  if (!join) return "an index in memory";
  if (join->ranges) {
    return fmt::format(
        "an index in memory, one range of keys at a time ({} ranges, {} lookup rows are read{})",
        FormatCount(static_cast<int64_t>(join->ranges->ranges.size())),
        FormatCount(join->ranges->rows_read),
        plan.pipeline->lookups[lookup].duplicates == join::DuplicatePolicy::kError
            ? ", and all keys before that, to find duplicates"
            : "");
  }
  return fmt::format(
      "out of core, in {} partitions; at most {} spilled; an index in memory would take {}",
      FormatCount(int64_t{1} << join->external.sizes.partition_bits),
      FormatByteSize(join->external.spilled_bytes),
      FormatByteSize(pipeline::IndexBytes(plan.pipeline->lookups[lookup], *plan.lookups[lookup])));
}

// How each lookup is joined.
std::string JoinLines(const Plan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    text += fmt::format("  {:<12} {}: {}\n", "join", plan.lookups[i]->name(), JoinText(plan, i));
    const join::DuplicatePolicy duplicates = plan.pipeline->lookups[i].duplicates;
    if (!join::JoinsOneRow(duplicates)) continue;
    const auto& order = plan.spec.lookups[i].order_by;
    text += fmt::format(
        "  {:<12} of rows with the same key, the {} by {} is used\n", "",
        duplicates == join::DuplicatePolicy::kFirst ? "first" : "last",
        order ? Printable(order->WithVariableNames()) : "the order of the table's files");
  }
  return text;
}

std::string ExpectationLines(const Plan& plan) {
  std::string text;
  for (const pipeline::BoundExpectation& expectation : plan.pipeline->expectations) {
    text += fmt::format("  {:<12} {} ({})\n", "expectation", expectation.name,
                        spec::ActionName(expectation.action));
  }
  return text;
}

// In what order the rows come, and what that takes.
std::string OrderLine(const Plan& plan) {
  if (!plan.sort) return fmt::format("  {:<12} as in the source's files\n", "order");
  const int64_t spilled = plan.sort->spilled_bytes;
  return fmt::format(
      "  {:<12} sorted by key ({}); {}\n", "order", fmt::join(KeyOf(plan), ", "),
      spilled == 0 ? "in memory" : fmt::format("about {} spilled", FormatByteSize(spilled)));
}

ordered_json OrderJson(const Plan& plan) {
  if (!plan.sort) return {{"by", "source"}};
  return {
      {"by", "key"}, {"key", KeyOf(plan)}, {"expected_spilled_bytes", plan.sort->spilled_bytes}};
}

ordered_json JoinJson(const Plan& plan, size_t lookup) {
  const auto& join = plan.external_joins[lookup];
  if (!join) return {{"out_of_core", false}};
  if (join->ranges) {
    return {{"out_of_core", false},
            {"key_ranges", join->ranges->ranges.size()},
            {"lookup_rows_read", join->ranges->rows_read}};
  }
  return {{"out_of_core", true},
          {"partitions", int64_t{1} << join->external.sizes.partition_bits},
          {"most_spilled_bytes", join->external.spilled_bytes}};
}

ordered_json SpliceJson(const pipeline::SplicePlan& splice) {
  return {{"row_groups", splice.row_groups},
          {"spliced", splice.spliced},
          {"not_spliced", splice.reasons}};
}

std::string TimeLine(const Plan& plan, const EstimatedTime& time) {
  if (plan.finished() || !plan.fits()) return {};
  if (!time.ok()) {
    const auto error = FindError(time.status());
    return fmt::format("  {:<12} unknown: {}\n", "time",
                       error ? error->what : time.status().message());
  }
  std::string line =
      fmt::format("  {:<12} about {}: {} for the lookups, {} for the rows", "time",
                  FormatDuration(time->total_seconds()), FormatDuration(time->lookup_seconds),
                  FormatDuration(time->total_seconds() - time->lookup_seconds));
  if (time->bytes_per_second > 0) {
    line += fmt::format("; the disk writes {}/s",
                        FormatByteSize(static_cast<int64_t>(time->bytes_per_second)));
  }
  return line + "\n";
}

ordered_json TimeJson(const Plan& plan, const EstimatedTime& time) {
  if (plan.finished() || !plan.fits() || !time.ok()) return nullptr;
  return {{"seconds", time->total_seconds()},
          {"lookup_seconds", time->lookup_seconds},
          {"row_seconds", time->row_seconds},
          {"transfer_seconds", time->transfer_seconds},
          {"transfer_bytes_per_second", time->bytes_per_second}};
}

// Where the budget was given, or how it was found.
const std::string& BudgetOrigin(const Plan& plan) {
  const std::string& given = plan.spec.resources.memory_origin;
  return given.empty() ? plan.budget.origin : given;
}

std::string MemoryTable(const Plan& plan) {
  std::string text = "\nmemory, in the worst case\n";
  for (const pipeline::MemoryLine& line : plan.memory.lines) {
    text += fmt::format("  {:<52} {:>12}\n", line.what, FormatByteSize(line.bytes));
  }
  text += fmt::format("  {:<52} {:>12}\n", "bound", FormatByteSize(plan.memory.bound_bytes));
  text += fmt::format("  {:<52} {:>12}\n", fmt::format("budget ({})", BudgetOrigin(plan)),
                      FormatByteSize(plan.budget.total_bytes));
  return text;
}

// Of what size chunks have to be so that each row group fits one.
int64_t ChunkRowsThatCutNothing(const PinnedTable& source) {
  int64_t largest = 1;
  for (const pipeline::PinnedFile& file : source.files()) {
    for (const auto& group : file.row_groups) {
      if (!group.left_out) largest = std::max(largest, group.num_rows);
    }
  }
  return (largest - 1) / pipeline::kMostChunkTimes + 1;
}

// What more memory would change, and chunks of another size.
// Where a disk may be too small, too.
std::vector<std::string> AdviceOf(const Plan& plan) {
  const auto with = [](int64_t bytes, const std::string& change) {
    return fmt::format("with about {}, {}", MemoryFlag(bytes), change);
  };
  const pipeline::BudgetAdvice& more = plan.advice;
  std::vector<std::string> advice = pipeline::RoomWarnings(plan);
  if (more.in_memory_bytes > 0) {
    advice.push_back(
        with(more.in_memory_bytes,
             "every lookup that is out of core for lack of memory would be joined in memory"));
  }
  if (more.all_lanes_bytes > 0) {
    advice.push_back(with(more.all_lanes_bytes, fmt::format("{} lanes could work instead of {}",
                                                            more.all_lanes, plan.lanes)));
  }
  if (storage::IsInMemory(plan.target.path)) {
    advice.push_back(
        fmt::format("the target {} is in memory (tmpfs): what is written there takes memory too, "
                    "beside the bound; use one on a disk",
                    plan.target.path));
  }
  // A run that resumes inside a row group cuts it, whatever the chunk size.
  const int64_t chunk_rows = ChunkRowsThatCutNothing(*plan.source);
  if (plan.splice.reasons.contains(std::string(pipeline::kCutByChunk)) &&
      chunk_rows > plan.spec.processing.chunk_size_rows) {
    advice.push_back(fmt::format(
        "with processing.chunk_size: {}, no chunk would end inside a row group", chunk_rows));
  }
  return advice;
}

}  // namespace

std::string PlanText(const Plan& plan, const EstimatedTime& time) {
  std::string text = fmt::format("pipeline {}\n", plan.spec.pipeline.text);
  text += TableLine("source", *plan.source);
  text += LeftOutLine(*plan.source);
  for (const auto& lookup : plan.lookups) {
    text += TableLine("lookup", *lookup);
  }
  text +=
      fmt::format("  {:<12} {} ({})\n", "target", plan.target.path,
                  plan.target.exists() ? fmt::format("version {}", plan.target.snapshot->version())
                                       : std::string("new"));
  text += fmt::format("  {:<12} {}: {}\n", "mode", ModeName(plan.mode), plan.mode_reason);
  text += OrderLine(plan);
  text += SpliceLines(plan.splice);
  text += JoinLines(plan);
  text += ExpectationLines(plan);
  text += fmt::format("  {:<12} {}\n", "lanes", plan.lanes);
  if (!plan.held.empty()) {
    text += fmt::format("  {:<12} the run of {}\n", "resumes", pipeline::DescribeHeld(plan.held));
  }
  text += WorkLine(plan);
  text += TimeLine(plan, time);
  text += MemoryTable(plan);
  text += plan.fits() ? "\nverdict: it fits\n"
                      : fmt::format("\nverdict: it does not fit; {}\n", pipeline::CureOf(plan));
  for (const std::string& advice : AdviceOf(plan)) text += fmt::format("advice: {}\n", advice);
  return text;
}

ordered_json HeldJson(const Plan& plan) {
  ordered_json inputs = ordered_json::array();
  for (const pipeline::HeldVersion& input : plan.held) {
    inputs.push_back(
        {{"name", input.name}, {"version", input.version}, {"newer_versions", input.newer}});
  }
  return inputs;
}

ordered_json PlanJson(const Plan& plan, const EstimatedTime& time) {
  ordered_json json{{"pipeline", plan.spec.pipeline.text},
                    {"source", TableJson("source", *plan.source)},
                    {"lookups", ordered_json::array()},
                    {"target", {{"path", plan.target.path}, {"exists", plan.target.exists()}}},
                    {"mode", ModeName(plan.mode)},
                    {"mode_reason", plan.mode_reason},
                    {"finished", plan.finished()},
                    {"held_versions", HeldJson(plan)},
                    {"committed_rows", plan.committed_ordinal.value_or(0)},
                    {"kept_rows", plan.kept_rows()},
                    {"publish", plan.publishes_at_end() ? "at_end" : "per_chunk"},
                    {"chunks", plan.chunks.size()},
                    {"order", OrderJson(plan)},
                    {"lanes", plan.lanes},
                    {"splice", SpliceJson(plan.splice)},
                    {"expectations", ordered_json::array()},
                    {"app_id", plan.app_id},
                    {"estimated_time", TimeJson(plan, time)}};
  json["source"]["left_out"] = LeftOutJson(*plan.source);
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    ordered_json lookup = TableJson(plan.lookups[i]->name(), *plan.lookups[i]);
    lookup["join"] = JoinJson(plan, i);
    json["lookups"].push_back(std::move(lookup));
  }
  for (const pipeline::BoundExpectation& expectation : plan.pipeline->expectations) {
    json["expectations"].push_back(
        {{"name", expectation.name}, {"action", spec::ActionName(expectation.action)}});
  }
  ordered_json lines = ordered_json::array();
  for (const pipeline::MemoryLine& line : plan.memory.lines) {
    lines.push_back({{"what", line.what}, {"bytes", line.bytes}});
  }
  json["memory"] = {{"budget_bytes", plan.budget.total_bytes},
                    {"budget_origin", BudgetOrigin(plan)},
                    {"bound_bytes", plan.memory.bound_bytes},
                    {"smallest_budget_bytes", plan.smallest_budget_bytes},
                    {"fits", plan.fits()},
                    {"lines", std::move(lines)}};
  json["advice"] = AdviceOf(plan);
  return json;
}

}  // namespace spillway::cli
