#include "pipeline/splice_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace spillway::pipeline {
namespace {

// What keeps every row group of every file from splicing; empty for nothing.
std::string WhyNone(const spec::Spec& spec, const BoundPipeline& pipeline, const SourceUse& use) {
  if (spec.in_key_order()) return "the rows are sorted by key";
  for (const BoundLookup& lookup : pipeline.lookups) {
    if (lookup.type == join::JoinType::kInner) return "an inner lookup drops rows";
  }
  if (pipeline.drops_unmet()) return "an expectation drops rows";
  const bool keeps_any =
      std::ranges::any_of(use.unchanged, [](const int column) { return column >= 0; });
  return keeps_any ? "" : "no source column stays unchanged";
}

// What a file's form allows.
struct FormPlan {
  std::shared_ptr<const SplicedColumns> columns;
  std::string why_none;  // of the columns is copied; empty where one is
  bool is_used = false;  // by a row group that splices
};

FormPlan PlanForm(const SourceUse& use, const CopyReasons& why_not_copied) {
  std::string_view reason;
  SplicedColumns columns{.is_copied = {}, .read = use.computed};
  bool copies_any = false;
  for (const int column : use.unchanged) {
    const bool is_copied = column >= 0 && why_not_copied[static_cast<size_t>(column)].empty();
    columns.is_copied.push_back(is_copied);
    copies_any |= is_copied;
    if (column < 0 || is_copied) continue;
    columns.read[static_cast<size_t>(column)] = ColumnUse::kValues;
    if (reason.empty()) reason = why_not_copied[static_cast<size_t>(column)];
  }
  return {.columns = std::make_shared<const SplicedColumns>(std::move(columns)),
          .why_none = std::string(copies_any ? "" : reason)};
}

// Finds the chunks of row groups, one after another in the order of their rows.
class ChunkFinder {
 public:
  explicit ChunkFinder(std::span<const Chunk> chunks) : chunks_(chunks) {}

  // Of the row group's rows, those that are in the chunk where the first of them that is in any is.
  int64_t RowsInOne(const PinnedFile& file, const PinnedRowGroup& group) {
    const int64_t begin = file.first_ordinal + group.first_row;
    const int64_t end = begin + group.num_rows;
    while (!chunks_.empty() && chunks_.front().end_ordinal <= begin) chunks_ = chunks_.subspan(1);
    if (chunks_.empty()) return 0;
    return std::max<int64_t>(0, std::min(end, chunks_.front().end_ordinal) -
                                    std::max(begin, chunks_.front().first_ordinal));
  }

 private:
  std::span<const Chunk> chunks_;  // that do not end before the row group
};

std::string WhyNot(const spec::Spec& spec, const PinnedRowGroup& group, int64_t rows_in_chunk,
                   const SpliceLimits& limits) {
  if (rows_in_chunk < group.num_rows) return std::string(kCutByChunk);
  if (group.deleted_rows > 0) return "a deletion vector drops rows";
  const std::optional<int64_t>& most = spec.target.max_records_per_file;
  if (most && group.num_rows > *most) return "max_records_per_file is less than the row group";
  if (group.compressed_bytes < limits.smallest_bytes) {
    return "row groups too small to be worth copying";
  }
  if (group.num_rows > limits.most_rows) return "the new columns do not fit in the budget";
  return "";
}

}  // namespace

SplicePlan PlanSplice(const spec::Spec& spec, const BoundPipeline& pipeline,
                      const PinnedTable& source, std::span<const Chunk> chunks,
                      const SpliceLimits& limits) {
  SplicePlan plan;
  ChunkFinder finder(chunks);
  const SourceUse use = UseOfSource(pipeline);
  const std::string why_none = WhyNone(spec, pipeline, use);
  std::map<const CopyReasons*, FormPlan> forms;
  for (const PinnedFile& file : source.files()) {
    FileSplice splice;
    if (file.left_out) {
      plan.files.push_back(std::move(splice));
      continue;
    }
    const auto [form, is_new] = forms.try_emplace(file.why_not_copied.get());
    if (is_new) form->second = PlanForm(use, *file.why_not_copied);
    std::string why_file = why_none.empty() ? form->second.why_none : why_none;
    if (why_none.empty() && pipeline.where && !file.keeps_all_rows) why_file = "where drops rows";
    for (const PinnedRowGroup& group : file.row_groups) {
      const int64_t rows = group.left_out ? 0 : finder.RowsInOne(file, group);
      const std::string reason = why_file.empty() ? WhyNot(spec, group, rows, limits) : why_file;
      splice.splices.push_back(rows > 0 && reason.empty());
      if (rows == 0) continue;
      ++plan.row_groups;
      if (!reason.empty()) {
        ++plan.reasons[reason];
        continue;
      }
      ++plan.spliced;
      plan.most_rows = std::max(plan.most_rows, group.num_rows);
      plan.most_footer_bytes = std::max(plan.most_footer_bytes, file.parsed_footer_bytes);
      splice.columns = form->second.columns;
      if (!std::exchange(form->second.is_used, true)) plan.columns.push_back(splice.columns);
    }
    plan.files.push_back(std::move(splice));
  }
  return plan;
}

}  // namespace spillway::pipeline
