#include "pipeline/lookup_plan.h"

#include <numeric>
#include <utility>

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "join/lookup_index.h"

namespace spillway::pipeline {
namespace {

// Of a large index's bytes, what may move through a join out of core. At 34 million lookup rows and
// 38 million of the source it is 2.1, and saves a tenth of the run.
constexpr int64_t kMostMovedShare = 3;

// The longest sort key of a type of fixed width; more than one of a text has beside its bytes.
constexpr int64_t kSortKeyBytes = 17;

struct LookupColumns {
  std::vector<join::ColumnSize> keys;
  std::vector<join::ColumnSize> payload;
};

LookupColumns ColumnsOf(const BoundLookup& lookup, const PinnedTable& table) {
  LookupColumns columns;
  for (size_t i = 0; i < lookup.projections.size(); ++i) {
    const Projection& projection = lookup.projections[i];
    std::vector<join::ColumnSize>& side =
        i < static_cast<size_t>(lookup.num_keys()) ? columns.keys : columns.payload;
    side.push_back(
        {.type = projection.field->type(), .value_bytes = ProjectionBytes(projection, table)});
    if (!projection.expression && !projection.as_sort_key) {
      side.back().values = table.weights()[static_cast<size_t>(projection.column)].values;
    }
  }
  return columns;
}

}  // namespace

int64_t ProjectionBytes(const Projection& projection, const PinnedTable& table) {
  const auto bytes_of = [&table](int column) {
    return table.weights()[static_cast<size_t>(column)].value_bytes;
  };
  if (projection.as_sort_key && !projection.expression &&
      arrow::is_fixed_width(table.read_schema()->field(projection.column)->type()->id())) {
    return table.live_rows() * kSortKeyBytes;
  }
  int64_t bytes = 0;
  if (projection.expression) {
    bytes = table.live_rows() * kDerivedValueBytes;
    for (const int column : projection.expression->columns()) bytes += bytes_of(column);
  } else {
    bytes = bytes_of(projection.column);
  }
  // Each byte of a text may take two.
  return projection.as_sort_key ? 2 * bytes + table.live_rows() * kSortKeyBytes : bytes;
}

std::vector<int> KeyColumnsOf(const BoundLookup& lookup) {
  std::vector<int> columns(lookup.source_keys.size());
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

int64_t IndexBytes(const BoundLookup& lookup, const PinnedTable& table) {
  const LookupColumns columns = ColumnsOf(lookup, table);
  return join::LookupIndex::EstimateBytes(table.live_rows(), columns.keys, columns.payload,
                                          lookup.duplicates);
}

bool IsFasterOutOfCore(const BoundLookup& lookup, const PinnedTable& table,
                       const std::vector<Piece>& pieces, int64_t large_index_bytes) {
  const int64_t index_bytes = IndexBytes(lookup, table);
  if (index_bytes <= large_index_bytes) return false;
  const int64_t moved_bytes = PlanExternalLookup(lookup, table, pieces, 1, 0).spilled_bytes;
  return moved_bytes <= kMostMovedShare * index_bytes;
}

std::vector<int> CodedColumns(const BoundLookup& lookup, const PinnedTable& table) {
  const std::vector<join::ColumnSize> payload = ColumnsOf(lookup, table).payload;
  std::vector<int> columns;
  for (size_t i = 0; i < payload.size(); ++i) {
    if (!join::LookupIndex::IsCoded(payload[i], table.live_rows())) continue;
    columns.push_back(lookup.num_keys() + static_cast<int>(i));
  }
  return columns;
}

join::ExternalJoinPlan PlanExternalLookup(const BoundLookup& lookup, const PinnedTable& table,
                                          const std::vector<Piece>& pieces, int lanes,
                                          int64_t budget_bytes) {
  LookupColumns columns = ColumnsOf(lookup, table);
  return join::PlanExternalJoin({.lookup_rows = table.live_rows(),
                                 .keys = std::move(columns.keys),
                                 .payload = std::move(columns.payload),
                                 .duplicates = lookup.duplicates,
                                 .source_rows = CountRows(pieces),
                                 .pieces = static_cast<int64_t>(pieces.size()),
                                 .lanes = lanes,
                                 .compress = kCompressSpilled},
                                budget_bytes);
}

}  // namespace spillway::pipeline
