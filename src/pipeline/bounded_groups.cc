#include "pipeline/bounded_groups.h"

#include <algorithm>

#include "pipeline/lookup_plan.h"

namespace spillway::pipeline {
namespace {

// What the index of a part of the rows may take above its share of the whole: values are longer in
// some row groups than in others.
constexpr double kShareMargin = 1.25;
constexpr double kMostReadTwice = 1.0;  // of the lookup's rows, once more

}  // namespace

std::optional<std::vector<BoundedGroup>> BoundedGroupsOf(const PinnedTable& table, size_t column) {
  std::vector<BoundedGroup> groups;
  for (const PinnedFile& file : table.files()) {
    for (const PinnedRowGroup& group : file.row_groups) {
      if (group.num_rows == 0 || group.left_out) continue;
      const ValueBounds* bounds = table.BoundsOf(group, column);
      if (bounds == nullptr || !bounds->is_known) return std::nullopt;
      const int64_t first = file.first_ordinal + group.first_row;
      groups.push_back({.rows = {first, first + group.num_rows},
                        .bytes = group.compressed_bytes,
                        .bounds = bounds});
    }
  }
  return groups;
}

IndexShare::IndexShare(const BoundLookup& lookup, const PinnedTable& table,
                       const std::vector<BoundedGroup>& groups)
    : all_rows_(table.physical_rows()), whole_index_bytes_(IndexBytes(lookup, table)) {
  for (const BoundedGroup& group : groups) all_bytes_ += group.bytes;
}

int64_t IndexShare::BytesOf(int64_t rows, int64_t bytes) const {
  const auto share = [](int64_t part, int64_t all) {
    return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(all, 1));
  };
  const double larger = std::max(share(rows, all_rows_), share(bytes, all_bytes_));
  return static_cast<int64_t>(static_cast<double>(whole_index_bytes_) *
                              std::min(1.0, larger * kShareMargin));
}

bool ReadsTooMany(int64_t rows_read, const PinnedTable& table) {
  const auto rows = static_cast<double>(table.physical_rows());
  return static_cast<double>(rows_read) > rows * (1 + kMostReadTwice);
}

}  // namespace spillway::pipeline
