#include "pipeline/disk_room.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "pipeline/source_use.h"
#include "pipeline/state_folder.h"
#include "storage/free_space.h"
#include "storage/writable_check.h"

namespace spillway::pipeline {
namespace {

int64_t KeptBytes(const Plan& plan) {
  int64_t bytes = 0;
  for (const KeptPiece& piece : plan.kept) {
    for (const delta::AddedFile& file : piece.files) bytes += file.size_bytes;
  }
  return bytes;
}

// Of a row group's stored bytes, the part of the columns that are copied; by their shares in the
// whole table.
double CopiedShare(const Plan& plan, const FileSplice& splice) {
  if (splice.columns == nullptr) return 0;
  const std::vector<bool>& is_copied = splice.columns->is_copied;
  const SourceUse use = UseOfSource(*plan.pipeline);
  double all = 0;
  double copied = 0;
  for (const ColumnWeight& weight : plan.source->weights()) {
    all += static_cast<double>(weight.compressed_bytes);
  }
  for (size_t i = 0; i < use.unchanged.size() && i < is_copied.size(); ++i) {
    if (use.unchanged[i] < 0 || !is_copied[i]) continue;
    copied += static_cast<double>(
        plan.source->weights()[static_cast<size_t>(use.unchanged[i])].compressed_bytes);
  }
  return all == 0 ? 0 : copied / all;
}

// At most, in files of the spill directory.
int64_t SpilledBytes(const Plan& plan) {
  int64_t bytes = plan.sort ? plan.sort->spilled_bytes : 0;
  for (const auto& join : plan.external_joins) {
    if (join && !join->ranges) bytes += join->external.spilled_bytes;
  }
  return bytes;
}

}  // namespace

int64_t BytesToCopy(const Plan& plan) {
  double bytes = 0;
  for (size_t i = 0; i < plan.splice.files.size(); ++i) {
    const FileSplice& splice = plan.splice.files[i];
    if (std::ranges::none_of(splice.splices, [](const bool is) { return is; })) continue;
    const double share = CopiedShare(plan, splice);
    const std::vector<PinnedRowGroup>& groups = plan.source->files()[i].row_groups;
    for (size_t group = 0; group < groups.size(); ++group) {
      if (splice.splices[group]) {
        bytes += share * static_cast<double>(groups[group].compressed_bytes);
      }
    }
  }
  return std::max<int64_t>(0, static_cast<int64_t>(bytes) - KeptBytes(plan));
}

Status CheckRoom(const Plan& plan) {
  if (plan.finished()) return Status::OK();
  const auto free = storage::FreeSpaceAt(plan.target.path);
  if (!free || free->shares_blocks) return Status::OK();
  const int64_t bytes = BytesToCopy(plan);
  if (bytes <= free->bytes) return Status::OK();
  return MakeError({.code = ErrorCode::kStorageFull,
                    .what = "the target's disk has no space for the columns that are copied",
                    .where = plan.target.path,
                    .why = fmt::format("they take about {}, and {} are free", FormatByteSize(bytes),
                                       FormatByteSize(free->bytes)),
                    .cure = "free some space, or choose a target on another disk"});
}

std::vector<std::string> RoomWarnings(const Plan& plan) {
  std::vector<std::string> warnings;
  if (plan.finished()) return warnings;
  const int64_t rows = plan.source->physical_rows();
  const int64_t to_read = plan.rows_read_within(plan.committed_ordinal.value_or(0), rows);
  const double left = rows == 0 ? 0 : static_cast<double>(to_read) / static_cast<double>(rows);
  const int64_t bytes =
      static_cast<int64_t>(left * static_cast<double>(plan.source->bytes())) - KeptBytes(plan);
  const auto free = storage::FreeSpaceAt(plan.target.path);
  if (free && !free->shares_blocks && bytes > free->bytes) {
    warnings.push_back(
        fmt::format("the source's rows that are left take {}, and the target's disk has {} free",
                    FormatByteSize(bytes), FormatByteSize(free->bytes)));
  }
  const std::string folder = SpillBaseOf(plan).path;
  const int64_t spilled = SpilledBytes(plan);
  const auto spill = storage::FreeSpaceAt(folder);
  if (spill && spilled > spill->bytes) {
    warnings.push_back(fmt::format("up to {} are spilled, and the disk of {} has {} free",
                                   FormatByteSize(spilled), folder, FormatByteSize(spill->bytes)));
  }
  return warnings;
}

Status CheckFolders(const Plan& plan) {
  if (plan.finished()) return Status::OK();
  ARROW_RETURN_NOT_OK(storage::CheckWritable(StateFolderOf(plan)));
  if (plan.target.exists()) {
    ARROW_RETURN_NOT_OK(storage::CheckWritable(plan.target.path + "/_delta_log"));
  }
  if (!plan.spills() && !plan.spools && !plan.sort) return Status::OK();
  return storage::CheckWritable(SpillBaseOf(plan).path);
}

}  // namespace spillway::pipeline
