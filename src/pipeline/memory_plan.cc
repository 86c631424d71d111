#include "pipeline/memory_plan.h"

#include <algorithm>
#include <utility>

#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "join/lookup_index.h"

namespace spillway::pipeline {
namespace {

// What a derived value without a fixed width is taken to be: the strings of a CASE are short, and
// what is longer is bounded by the pool.
constexpr int64_t kDerivedValueBytes = 32;

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

// Bytes of one row that the pipeline adds to a source row: payload and derived columns.
int64_t AddedRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const BoundLookup& lookup = inputs.pipeline.lookups[i];
    const int64_t rows = std::max<int64_t>(inputs.lookups[i]->live_rows(), 1);
    for (size_t p = static_cast<size_t>(lookup.num_keys()); p < lookup.projections.size(); ++p) {
      const Projection& projection = lookup.projections[p];
      bytes += RowBytes(*projection.field->type(),
                        ProjectionBytes(projection, *inputs.lookups[i]) / rows + 1);
    }
  }
  for (const DerivedColumn& derived : inputs.pipeline.derived) {
    bytes += RowBytes(*derived.field->type(), kDerivedValueBytes);
  }
  return bytes;
}

// Between the reader and the writer: a copy of the batch where rows are dropped or multiplied, the
// added columns with an expression's intermediate results, and the matches.
int64_t TransformBytes(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t batch_bytes) {
  constexpr int64_t kMatchBytes = 24;
  return 2 * batch_bytes + sizes.batch_rows * (3 * AddedRowBytes(inputs) + kMatchBytes);
}

// How many Parquet columns a column of `type` becomes.
int64_t LeafColumns(const arrow::DataType& type) {
  int64_t leaves = type.num_fields() == 0 ? 1 : 0;
  for (const auto& field : type.fields()) leaves += LeafColumns(*field->type());
  return leaves;
}

// The row group's encoded pages, in buffers that grow by doubling, and for each column a page being
// filled, its encoded and compressed form, and a dictionary with its hash table.
int64_t WriterBytes(const PlannedInputs& inputs, const WorkSizes& sizes) {
  int64_t leaves = 0;
  for (const auto& field : inputs.pipeline.output_schema->fields()) {
    leaves += LeafColumns(*field->type());
  }
  return 2 * sizes.row_group_bytes + leaves * 7 * sizes.page_bytes;
}

int64_t Sum(const std::vector<MemoryLine>& lines) {
  int64_t bytes = 0;
  for (const MemoryLine& line : lines) bytes += line.bytes;
  return bytes;
}

using ReadMemoryOf = const parquet::ReadMemory& (PinnedTable::*)() const;

std::string ReadingLine(const PinnedTable& table) {
  return fmt::format("reading {}: pages and batches", table.name());
}

// The plan is that of the moment at which the sum of what is held is largest: while one of the
// indexes is built, or while the source streams.
MemoryPlan PlanHeaviestMoment(const PlannedInputs& inputs, const WorkSizes& sizes,
                              int64_t overhead_bytes, ReadMemoryOf read_memory) {
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
    const parquet::ReadMemory& read = (table.*read_memory)();
    held.push_back(
        {fmt::format("index of {}", table.name()), IndexBytes(inputs.pipeline.lookups[i], table)});
    std::vector<MemoryLine> building = held;
    building.push_back({ReadingLine(table), read.total_bytes() + read.batch_bytes});
    consider(std::move(building));
  }
  const parquet::ReadMemory& read = (inputs.source.*read_memory)();
  plan.reading_bytes = read.total_bytes();
  plan.transform_bytes = TransformBytes(inputs, sizes, read.batch_bytes);
  plan.writing_bytes = WriterBytes(inputs, sizes);
  held.push_back({ReadingLine(inputs.source), plan.reading_bytes});
  held.push_back({"joined and derived columns", plan.transform_bytes});
  held.push_back({"writing the target: row group, pages, dictionaries", plan.writing_bytes});
  consider(std::move(held));
  return plan;
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

MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t overhead_bytes) {
  return PlanHeaviestMoment(inputs, sizes, overhead_bytes, &PinnedTable::read_memory);
}

MemoryPlan PlanMemoryInSmallestPieces(const PlannedInputs& inputs, int64_t overhead_bytes) {
  return PlanHeaviestMoment(inputs, SizesFor(0), overhead_bytes,
                            &PinnedTable::smallest_read_memory);
}

}  // namespace spillway::pipeline
