#include "pipeline/memory_plan.h"

#include <algorithm>
#include <utility>

#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "join/lookup_index.h"
#include "parquet/footer_statistics.h"

namespace spillway::pipeline {
namespace {

// What a derived value without a fixed width is taken to be: the strings of a CASE are short, and
// what is longer is bounded by the pool.
constexpr int64_t kDerivedValueBytes = 32;

// The same value encoded: one of few, by a dictionary. Where there are many, the row group is
// decoded once its memory is used up.
constexpr int64_t kDerivedEncodedBytes = 4;

int64_t RowBytes(const arrow::DataType& type, int64_t variable_bytes) {
  if (arrow::is_fixed_width(type.id())) return std::max(type.bit_width() / 8, 1);
  return variable_bytes + 8;
}

// The decoded bytes of a projection's column: those of the columns it reads.
int64_t ProjectionBytes(const Projection& projection, const PinnedTable& table) {
  const auto bytes_of = [&table](int column) {
    return table.weights()[static_cast<size_t>(column)].value_bytes;
  };
  if (!projection.expression) return bytes_of(projection.column);
  int64_t bytes = table.live_rows() * kDerivedValueBytes;
  for (const int column : projection.expression->columns()) bytes += bytes_of(column);
  return bytes;
}

// Calls `add(type, bytes)` for each column that the pipeline adds to a source row, with the bytes
// of one value if the type has no fixed width.
template <typename Add>
void ForEachAddedColumn(const PlannedInputs& inputs, int64_t derived_bytes, Add&& add) {
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const BoundLookup& lookup = inputs.pipeline.lookups[i];
    const int64_t rows = std::max<int64_t>(inputs.lookups[i]->live_rows(), 1);
    for (size_t p = static_cast<size_t>(lookup.num_keys()); p < lookup.projections.size(); ++p) {
      const Projection& projection = lookup.projections[p];
      add(*projection.field->type(), ProjectionBytes(projection, *inputs.lookups[i]) / rows + 1);
    }
  }
  for (const DerivedColumn& derived : inputs.pipeline.derived) {
    add(*derived.field->type(), derived_bytes);
  }
}

// Bytes of one row that the pipeline adds to a source row: payload and derived columns.
int64_t AddedRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  ForEachAddedColumn(inputs, kDerivedValueBytes,
                     [&bytes](const arrow::DataType& type, int64_t variable_bytes) {
                       bytes += RowBytes(type, variable_bytes);
                     });
  return bytes;
}

// Between the reader and the writer: a copy of the batch where rows are dropped or multiplied, the
// added columns with an expression's intermediate results, and the matches.
int64_t TransformBytes(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t batch_bytes) {
  constexpr int64_t kMatchBytes = 24;
  return 2 * batch_bytes + sizes.batch_rows * (3 * AddedRowBytes(inputs) + kMatchBytes);
}

int64_t LeafColumns(const PlannedInputs& inputs) {
  int64_t leaves = 0;
  for (const auto& field : inputs.pipeline.output_schema->fields()) {
    leaves += parquet::CountLeaves(*field->type());
  }
  return leaves;
}

// The row group's encoded pages, in buffers that grow by doubling, and for each column a page being
// filled, its encoded and compressed form, and a dictionary with its hash table.
int64_t WriterBytes(const PlannedInputs& inputs, const WorkSizes& sizes) {
  return 2 * sizes.row_group_bytes + LeafColumns(inputs) * 7 * sizes.page_bytes;
}

// The same where row groups splice: of the new columns alone, but as large as the source's.
int64_t SpliceWriterBytes(const PlannedInputs& inputs, const WorkSizes& sizes) {
  int64_t rows = 0;
  for (size_t i = 0; i < inputs.splice.files.size(); ++i) {
    const PinnedFile& file = inputs.source.files()[i];
    for (size_t group = 0; group < file.row_groups.size(); ++group) {
      if (!inputs.splice.files[i].splices[group]) continue;
      rows = std::max(rows, file.row_groups[group].num_rows);
    }
  }
  return 2 * rows * EncodedRowBytes(inputs) + LeafColumns(inputs) * 7 * sizes.page_bytes +
         sizes.copy_buffer_bytes;
}

// Of one lane, the larger of what decoding and splicing take of each kind of memory. Rows are
// decoded although their row group splices where a key turns out to have several lookup rows.
struct LaneBytes {
  int64_t reading = 0;
  int64_t transform = 0;
  int64_t writing = 0;
};

LaneBytes PlanLane(const PlannedInputs& inputs, const WorkPlan& work) {
  LaneBytes lane;
  const auto raise = [&](const parquet::ReadMemory& read, int64_t writing_bytes) {
    lane.reading = std::max(lane.reading, read.total_bytes());
    lane.transform = std::max(lane.transform, TransformBytes(inputs, work.sizes, read.batch_bytes));
    lane.writing = std::max(lane.writing, writing_bytes);
  };
  const bool may_expand = std::ranges::any_of(inputs.pipeline.lookups, [](const auto& lookup) {
    return lookup.duplicates == join::DuplicatePolicy::kExpand;
  });
  if (inputs.splice.spliced > 0) {
    raise(inputs.source.spliced_read_memory(work.rung), SpliceWriterBytes(inputs, work.sizes));
  }
  if (may_expand || inputs.splice.spliced < inputs.splice.row_groups ||
      inputs.splice.spliced == 0) {
    raise(inputs.source.read_memory(work.rung), WriterBytes(inputs, work.sizes));
  }
  return lane;
}

int64_t Sum(const std::vector<MemoryLine>& lines) {
  int64_t bytes = 0;
  for (const MemoryLine& line : lines) bytes += line.bytes;
  return bytes;
}

std::string ReadingLine(const PinnedTable& table) {
  return fmt::format("reading {}: pages and batches", table.name());
}

std::string InLanes(std::string_view what, int lanes) {
  return lanes == 1 ? std::string(what) : fmt::format("{}, {} lanes", what, lanes);
}

}  // namespace

int64_t IndexBytes(const BoundLookup& lookup, const PinnedTable& table) {
  std::vector<join::ColumnSize> keys;
  std::vector<join::ColumnSize> payload;
  for (size_t i = 0; i < lookup.projections.size(); ++i) {
    const Projection& projection = lookup.projections[i];
    std::vector<join::ColumnSize>& side =
        i < static_cast<size_t>(lookup.num_keys()) ? keys : payload;
    side.push_back(
        {.type = projection.field->type(), .value_bytes = ProjectionBytes(projection, table)});
  }
  return join::LookupIndex::EstimateBytes(table.live_rows(), keys, payload, lookup.duplicates);
}

int64_t EncodedRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  ForEachAddedColumn(inputs, kDerivedEncodedBytes,
                     [&bytes](const arrow::DataType& type, int64_t variable_bytes) {
                       bytes += RowBytes(type, variable_bytes);
                     });
  return bytes;
}

std::vector<WorkPlan> WaysToWork(int64_t working_bytes, int most_lanes) {
  std::vector<WorkPlan> ways;
  for (int lanes = most_lanes; lanes >= 1; lanes /= 2) {
    ways.push_back({.lanes = lanes, .sizes = SizesFor(working_bytes / lanes), .rung = ways.size()});
  }
  ways.push_back({.lanes = 1, .sizes = SizesFor(0), .rung = ways.size()});
  return ways;
}

// The plan is that of the moment at which the sum of what is held is largest: while one of the
// indexes is built, or while the source streams.
MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkPlan& work, int64_t overhead_bytes) {
  MemoryPlan plan;
  const auto consider = [&plan](std::vector<MemoryLine> lines) {
    const int64_t bytes = Sum(lines);
    if (bytes <= plan.bound_bytes) return;
    plan.lines = std::move(lines);
    plan.bound_bytes = bytes;
  };
  std::vector<MemoryLine> held = {{"program, Delta log, threads", overhead_bytes}};
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const PinnedTable& table = *inputs.lookups[i];
    const parquet::ReadMemory& read = table.read_memory(work.rung);
    held.push_back(
        {fmt::format("index of {}", table.name()), IndexBytes(inputs.pipeline.lookups[i], table)});
    std::vector<MemoryLine> building = held;
    building.push_back({ReadingLine(table), read.total_bytes() + read.batch_bytes});
    consider(std::move(building));
  }
  const LaneBytes lane = PlanLane(inputs, work);
  plan.reading_bytes = work.lanes * lane.reading;
  plan.transform_bytes = work.lanes * lane.transform;
  plan.writing_bytes = work.lanes * lane.writing;
  held.push_back({InLanes(ReadingLine(inputs.source), work.lanes), plan.reading_bytes});
  held.push_back({InLanes("joined and derived columns", work.lanes), plan.transform_bytes});
  held.push_back(
      {InLanes("writing: row groups, pages, dictionaries", work.lanes), plan.writing_bytes});
  consider(std::move(held));
  return plan;
}

}  // namespace spillway::pipeline
