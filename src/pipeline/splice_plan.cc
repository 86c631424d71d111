#include "pipeline/splice_plan.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace spillway::pipeline {
namespace {

// What keeps every row group of every file from splicing; empty for nothing.
std::string WhyNone(const spec::Spec& spec, const BoundPipeline& pipeline, const SourceUse& use) {
  if (spec.in_key_order()) return "the rows are sorted by key";
  if (pipeline.where) return "where drops rows";
  for (const BoundLookup& lookup : pipeline.lookups) {
    if (lookup.type == join::JoinType::kInner) return "an inner lookup drops rows";
  }
  const bool keeps_any =
      std::ranges::any_of(use.unchanged, [](const int column) { return column >= 0; });
  return keeps_any ? "" : "no source column stays unchanged";
}

// What the files' forms allow: fills is_copied and read. Returns why nothing can be copied, or "".
std::string PlanColumns(const SourceUse& use, const PinnedFile& file, FileSplice* splice) {
  std::string reason;
  splice->read = use.computed;
  bool copies_any = false;
  for (const int column : use.unchanged) {
    const bool is_copied = column >= 0 && file.why_not_copied[static_cast<size_t>(column)].empty();
    splice->is_copied.push_back(is_copied);
    copies_any |= is_copied;
    if (column < 0 || is_copied) continue;
    splice->read[static_cast<size_t>(column)] = ColumnUse::kValues;
    if (reason.empty()) reason = file.why_not_copied[static_cast<size_t>(column)];
  }
  return copies_any ? "" : reason;
}

std::string WhyNot(const spec::Spec& spec, const PinnedFile& file, size_t row_group,
                   const SpliceLimits& limits) {
  const PinnedRowGroup& group = file.row_groups[row_group];
  if (group.deleted_rows > 0) return "a deletion vector drops rows";
  const std::optional<int64_t>& most = spec.target.max_records_per_file;
  if (most && group.num_rows > *most) return "max_records_per_file is less than the row group";
  if (group.compressed_bytes < limits.smallest_bytes) {
    return "row groups too small to be worth keeping";
  }
  if (group.num_rows > limits.most_rows) return "the new columns do not fit the budget";
  return "";
}

}  // namespace

SplicePlan PlanSplice(const spec::Spec& spec, const BoundPipeline& pipeline,
                      const PinnedTable& source, const SpliceLimits& limits) {
  SplicePlan plan;
  const SourceUse use = UseOfSource(pipeline);
  const std::string why_none = WhyNone(spec, pipeline, use);
  for (const PinnedFile& file : source.files()) {
    FileSplice splice;
    const std::string why_file = why_none.empty() ? PlanColumns(use, file, &splice) : why_none;
    for (size_t group = 0; group < file.row_groups.size(); ++group) {
      const std::string reason = why_file.empty() ? WhyNot(spec, file, group, limits) : why_file;
      splice.splices.push_back(reason.empty());
      ++plan.row_groups;
      if (reason.empty()) {
        ++plan.spliced;
      } else {
        ++plan.reasons[reason];
      }
    }
    plan.files.push_back(std::move(splice));
  }
  return plan;
}

}  // namespace spillway::pipeline
