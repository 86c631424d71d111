#include "pipeline/memory_plan.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include <arrow/type_traits.h>
#include <fmt/format.h>

#include "parquet/footer_statistics.h"
#include "parquet/writer.h"
#include "spill/spool_pool.h"

namespace spillway::pipeline {
namespace {

// The same value encoded: one of few, by a dictionary. Where there are many, the row group is
// decoded once its memory is used up.
constexpr int64_t kDerivedEncodedBytes = 4;

int64_t RowBytes(const arrow::DataType& type, int64_t variable_bytes) {
  if (arrow::is_fixed_width(type.id())) return std::max(type.bit_width() / 8, 1);
  return variable_bytes + 8;
}

// Calls `visit(projection, bytes)` for each column that lookups add to a source row, with the bytes
// of one value.
template <typename Visit>
void ForEachLookupColumn(const PlannedInputs& inputs, Visit&& visit) {
  for (size_t i = 0; i < inputs.lookups.size(); ++i) {
    const BoundLookup& lookup = inputs.pipeline.lookups[i];
    const int64_t rows = std::max<int64_t>(inputs.lookups[i]->live_rows(), 1);
    for (size_t p = static_cast<size_t>(lookup.num_keys()); p < lookup.projections.size(); ++p) {
      const Projection& projection = lookup.projections[p];
      visit(projection, ProjectionBytes(projection, *inputs.lookups[i]) / rows + 1);
    }
  }
}

// Bytes of a row's keys that are cast before they are looked up.
int64_t CastKeyBytes(const BoundLookup& lookup) {
  int64_t bytes = 0;
  for (const auto& cast : lookup.source_casts) {
    if (cast) bytes += RowBytes(*cast->type(), kDerivedValueBytes);
  }
  return bytes;
}

// Bytes of one row that the pipeline adds to a source row: payload and derived columns.
int64_t AddedRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  ForEachLookupColumn(inputs, [&bytes](const Projection& projection, int64_t value_bytes) {
    bytes += RowBytes(*projection.field->type(), value_bytes);
  });
  for (const BoundLookup& lookup : inputs.pipeline.lookups) bytes += CastKeyBytes(lookup);
  for (const DerivedColumn& derived : inputs.pipeline.derived) {
    bytes += RowBytes(*derived.field->type(), kDerivedValueBytes);
  }
  return bytes;
}

// The longest value of the lookups that is longer than usual pages are.
int64_t LongLookupValueBytes(const PlannedInputs& inputs, size_t rung) {
  int64_t bytes = 0;
  for (const auto& lookup : inputs.lookups) {
    bytes = std::max(bytes, lookup->read_memory(rung).long_value_bytes);
  }
  return bytes;
}

// The rows that there are to write at most, unless lookups multiply them.
int64_t MostRows(const PlannedInputs& inputs) {
  const bool may_multiply =
      std::ranges::any_of(inputs.pipeline.lookups, [](const BoundLookup& lookup) {
        return lookup.duplicates == join::DuplicatePolicy::kExpand;
      });
  return may_multiply ? std::numeric_limits<int64_t>::max() : inputs.source.live_rows();
}

// Between the reader and the writer: a copy of the batch where rows are dropped or multiplied, the
// added columns with an expression's intermediate results, the matches, and what expectations
// judge by.
int64_t TransformBytes(const PlannedInputs& inputs, const WorkSizes& sizes, int64_t batch_bytes) {
  constexpr int64_t kMatchBytes = 24;
  const auto& expectations = inputs.pipeline.expectations;
  const int64_t copies = inputs.pipeline.drops_unmet() ? 3 : 2;
  // A condition's intermediate results may be texts; one condition is judged at a time.
  const int64_t judged_bytes =
      expectations.empty() ? 0 : 3 * RowBytes(*arrow::utf8(), kDerivedValueBytes);
  return copies * batch_bytes + std::min(sizes.batch_rows, MostRows(inputs)) *
                                    (3 * AddedRowBytes(inputs) + kMatchBytes + judged_bytes);
}

// The output columns that are encoded, where the others are copied.
struct EncodedColumns {
  int64_t leaves = 0;
  int64_t page_bytes = 0;       // for all of them
  int64_t row_group_bytes = 0;  // of all rows that there are; the largest number: not known
};

// For a leaf a page being filled, its encoded and compressed form, and a dictionary with its hash
// table.
constexpr int64_t kPages = 7;

// The same, and the encoded pages, of `rows` values that all take `value_bytes`: buffers grow by
// doubling, and a dictionary has up to four slots of its hash table for a value.
constexpr int64_t kSmallestBuffersBytes = 4 * kKiB;
constexpr int64_t FewPagesBytes(int64_t rows, int64_t value_bytes) {
  return kSmallestBuffersBytes + rows * (11 * value_bytes + 24);
}
constexpr int64_t FewEncodedBytes(int64_t rows, int64_t value_bytes) {
  return rows * 3 * (value_bytes + 1);
}

EncodedColumns EncodedColumnsOf(const PlannedInputs& inputs, const std::vector<bool>* is_copied,
                                const WorkSizes& sizes) {
  constexpr int64_t kNotKnown = std::numeric_limits<int64_t>::max();
  constexpr int64_t kFewRows = 1 << 20;  // of more, pages are full in any case
  EncodedColumns encoded;
  const int64_t rows = MostRows(inputs);
  const auto& fields = inputs.pipeline.output_schema->fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (is_copied != nullptr && (*is_copied)[i]) continue;
    const arrow::DataType& type = *fields[i]->type();
    const int64_t leaves = parquet::CountLeaves(type);
    int64_t page_bytes = kPages * sizes.page_bytes;
    encoded.leaves += leaves;
    if (rows > kFewRows || !parquet::IsEncodedByPage(type) || !arrow::is_fixed_width(type.id())) {
      encoded.row_group_bytes = kNotKnown;
    } else {
      const int64_t value_bytes = RowBytes(type, 0);
      page_bytes = std::min(page_bytes, FewPagesBytes(rows, value_bytes));
      if (encoded.row_group_bytes != kNotKnown) {
        encoded.row_group_bytes += FewEncodedBytes(rows, value_bytes);
      }
    }
    encoded.page_bytes += leaves * page_bytes;
  }
  return encoded;
}

// The row group's encoded pages, in buffers that grow by doubling.
int64_t WriterBytes(const PlannedInputs& inputs, const WorkSizes& sizes) {
  const EncodedColumns encoded = EncodedColumnsOf(inputs, nullptr, sizes);
  return std::min(2 * sizes.row_group_bytes, encoded.row_group_bytes) + encoded.page_bytes;
}

// Of a derived column, what a row takes in encoded pages.
int64_t EncodedBytes(const DerivedColumn& derived) {
  const expression::BoundExpression& expression = derived.expression;
  // A constant is one run for each page; a few texts are numbers of at most a byte.
  if (expression.columns().empty()) return 0;
  if (expression.gives_dictionary()) return 1;
  return RowBytes(*derived.field->type(), kDerivedEncodedBytes);
}

// What the new columns of a source row take in the encoded row group that waits for its source's
// other columns.
int64_t EncodedRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  ForEachLookupColumn(inputs, [&bytes](const Projection& projection, int64_t) {
    bytes += RowBytes(*projection.field->type(), kDerivedEncodedBytes);
  });
  for (const DerivedColumn& derived : inputs.pipeline.derived) bytes += EncodedBytes(derived);
  return bytes;
}

// The part of it that is in small blocks: where parquet-cpp writes a column, of decimals or nested,
// its pages wait until their dictionary is complete, each a number of at most three bytes for a
// row.
int64_t DictionaryRowBytes(const PlannedInputs& inputs) {
  constexpr int64_t kNumberBytes = 3;
  int64_t bytes = 0;
  const auto add = [&bytes](const arrow::DataType& type) {
    if (parquet::IsEncodedByPage(type)) return;
    bytes += kNumberBytes * parquet::CountLeaves(type);
  };
  ForEachLookupColumn(
      inputs, [&add](const Projection& projection, int64_t) { add(*projection.field->type()); });
  for (const DerivedColumn& derived : inputs.pipeline.derived) add(*derived.field->type());
  return bytes;
}

// The same where row groups splice: of the new columns alone, but as large as the source's.
int64_t SpliceWriterBytes(const PlannedInputs& inputs, const WorkPlan& work) {
  const int64_t rows = inputs.splice.most_rows;
  int64_t leaves = 0;
  int64_t page_bytes = 0;
  for (const auto& columns : inputs.splice.columns) {
    const EncodedColumns encoded = EncodedColumnsOf(inputs, &columns->is_copied, work.sizes);
    leaves = std::max(leaves, encoded.leaves);
    page_bytes = std::max(page_bytes, encoded.page_bytes);
  }
  // A column's pages are in a small block, which doubles, before they are in a spooled one.
  constexpr int64_t kBeforeSpooled = spill::SpoolPool::kSpooledBlockBytes * 3 / 2;
  const int64_t held = work.spools ? rows * DictionaryRowBytes(inputs) + leaves * kBeforeSpooled
                                   : 2 * rows * EncodedRowBytes(inputs);
  return held + page_bytes + work.sizes.copy_buffer_bytes;
}

// What one lane takes of each kind of memory.
struct LaneBytes {
  int64_t reading = 0;
  int64_t transform = 0;
  int64_t writing = 0;

  int64_t total() const { return reading + transform + writing; }
  void RaiseTo(const LaneBytes& other) {
    reading = std::max(reading, other.reading);
    transform = std::max(transform, other.transform);
    writing = std::max(writing, other.writing);
  }
};

// Of a lane that reads so, in pieces of `sizes`, and whose writer takes `writing_bytes`.
LaneBytes BytesOfLane(const PlannedInputs& inputs, const WorkSizes& sizes,
                      const parquet::ReadMemory& read, int64_t long_lookup_value,
                      int64_t writing_bytes) {
  // A long value is joined by a copy, which grows by doubling. It is written as part of a
  // dictionary with its hash table, of a page, of its compressed form, and of the row group.
  constexpr int64_t kJoinedCopies = 3;
  constexpr int64_t kWrittenCopies = 7;
  const int64_t long_value = std::max(read.long_value_bytes, long_lookup_value);
  return {.reading = read.total_bytes(),
          .transform = TransformBytes(inputs, sizes, read.largest_batch_bytes()) +
                       kJoinedCopies * long_lookup_value,
          .writing = writing_bytes + kWrittenCopies * long_value};
}

// Whether a row group that splices may have to be encoded all the same: its rows may multiply, or
// its new columns be larger than a value of their types says.
bool MayEncodeAll(const PlannedInputs& inputs) {
  const auto varies = [](const arrow::Field& field) {
    return !arrow::is_fixed_width(field.type()->id());
  };
  return !inputs.pipeline.lookups.empty() ||
         std::ranges::any_of(inputs.pipeline.derived, [&varies](const DerivedColumn& derived) {
           return varies(*derived.field);
         });
}

struct LanePlan {
  LaneBytes bytes;         // the larger of what decoding and splicing take
  WorkSizes decode_sizes;  // see MemoryPlan
};

LanePlan PlanLane(const PlannedInputs& inputs, const WorkPlan& work) {
  const int64_t looked_up = LongLookupValueBytes(inputs, work.rung);
  const std::vector<WorkSizes>& pieces = inputs.source.pieces();
  const auto decoding = [&](size_t rung, const parquet::ReadMemory& read) {
    return BytesOfLane(inputs, pieces[rung], read, looked_up, WriterBytes(inputs, pieces[rung]));
  };
  LanePlan lane{.bytes = {}, .decode_sizes = work.sizes};
  if (inputs.splice.spliced > 0) {
    lane.bytes = BytesOfLane(inputs, work.sizes, inputs.source.spliced_read_memory(work.rung),
                             looked_up, SpliceWriterBytes(inputs, work));
  }
  if (inputs.splice.spliced == 0 || inputs.splice.spliced < inputs.splice.row_groups) {
    lane.bytes.RaiseTo(decoding(work.rung, inputs.source.read_memory(work.rung)));
    return lane;
  }
  // Rows are decoded although all row groups splice where a key turns out to have several lookup
  // rows, where new columns turn out to be larger than thought, and by validate, which writes
  // nothing. For that there are smaller pieces, so that it hardly takes more than splicing does.
  // That a long value is decoded then is left to the pool: what will most likely be copied takes no
  // memory.
  const bool may_encode = MayEncodeAll(inputs);
  LaneBytes decoded;
  for (size_t rung = work.rung; rung < pieces.size(); ++rung) {
    parquet::ReadMemory whole_rows = inputs.source.read_memory(rung);
    whole_rows.long_value_bytes = whole_rows.long_value_excess_bytes = 0;
    decoded = decoding(rung, whole_rows);
    if (!may_encode) decoded.writing = 0;
    lane.decode_sizes = pieces[rung];
    if (decoded.total() <= lane.bytes.total()) break;
  }
  lane.bytes.RaiseTo(decoded);
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

// What is known of the rows that are sorted: source columns and those of the lookups.
sort::SortInputs SortInputsOf(const PlannedInputs& inputs, const WorkPlan& work) {
  const int64_t rows = std::max<int64_t>(inputs.source.live_rows(), 1);
  sort::SortInputs sorted = {
      .rows = inputs.source.live_rows(),
      .batches = {.rows = work.sizes.batch_rows, .bytes = work.sizes.batch_bytes},
      .lanes = work.lanes,
      .compress = kCompressSpilled};
  for (const ColumnWeight& weight : inputs.source.weights()) {
    sorted.row_bytes += weight.value_bytes / rows + 1;
  }
  for (const int column : inputs.pipeline.lookups.front().source_keys) {
    sorted.key_bytes += inputs.source.weights()[static_cast<size_t>(column)].value_bytes / rows + 3;
  }
  ForEachLookupColumn(inputs, [&sorted](const Projection& projection, int64_t value_bytes) {
    sorted.row_bytes += RowBytes(*projection.field->type(), value_bytes);
  });
  return sorted;
}

// Adds up what is held at the moments of a run, and keeps the heaviest.
class MomentPlanner {
 public:
  MomentPlanner(const PlannedInputs& inputs, const WorkPlan& work, int64_t overhead_bytes)
      : inputs_(inputs), work_(work), held_({{"program, Delta log, threads", overhead_bytes}}) {}

  void AddJoins(const ExternalJoins& joins) {
    for (size_t i = 0; i < inputs_.lookups.size(); ++i) {
      if (joins[i] && joins[i]->ranges) {
        AddRanges(i, *joins[i]->ranges);
      } else if (joins[i]) {
        AddExternalJoin(i, joins[i]->external);
      } else {
        AddIndex(i);
      }
    }
  }

  // `lane` is what one lane takes while the source streams through.
  MemoryPlan Finish(const LaneBytes& lane) {
    AllLanes(lane);
    plan_.writing_bytes = work_.lanes * lane.writing;
    std::vector<MemoryLine> lines = ReadAndJoin();
    lines.push_back({InLanes(kWritingLine, work_.lanes), plan_.writing_bytes});
    Consider(std::move(lines));
    return std::move(plan_);
  }

  // The same where the rows are sorted before they are written. One lane writes.
  MemoryPlan FinishSorted(const LaneBytes& lane, const sort::SortPlan& sort) {
    AllLanes(lane);
    plan_.merge_transform_bytes = MergeTransformBytes(lane);
    plan_.merge_writing_bytes = lane.writing;
    Consider(With(sort.sorting, ReadAndJoin()));
    held_.resize(1);  // the lookups are not wanted any more
    Consider(With(sort.merging, {{"merged and derived columns", plan_.merge_transform_bytes},
                                 {std::string(kWritingLine), lane.writing}}));
    return std::move(plan_);
  }

  // What is left for the sort.
  sort::SortBudget SortBudgetOf(const LaneBytes& lane, int64_t budget_bytes) const {
    const int64_t overhead_bytes = held_.front().bytes;
    return {
        .sorting_bytes = budget_bytes - Sum(held_) - work_.lanes * (lane.reading + lane.transform),
        .merging_bytes = budget_bytes - overhead_bytes - MergeTransformBytes(lane) - lane.writing};
  }

  // For an index, in one thread.
  MemoryLine ReadingRange(const PinnedTable& table) const {
    MemoryLine reading = ReadingLookup(table, 1);
    // One batch is read ahead.
    if (work_.lanes > 1) reading.bytes += table.read_memory(work_.rung).largest_batch_bytes();
    return reading;
  }

 private:
  // Of a long value, in a block, as it is spilled, and as it is read again.
  static constexpr int64_t kSpilledCopies = 3;
  static constexpr std::string_view kWritingLine = "writing: row groups, pages, dictionaries";

  void AddIndex(size_t lookup) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    held_.push_back({fmt::format("index of {}", table.name()),
                     IndexBytes(inputs_.pipeline.lookups[lookup], table)});
    const MemoryLine reading = ReadingRange(table);
    plan_.lookups.push_back({.lookup_bytes = reading.bytes});
    Consider({reading});
  }

  // A range's index is made while other lanes may still hold what they stream through.
  void AddRanges(size_t lookup, const KeyRangePlan& ranges) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    MemoryLine reading = ReadingRange(table);
    held_.push_back({fmt::format("index of {}, one range of keys at a time", table.name()),
                     ranges.index_bytes});
    plan_.lookups.push_back({.lookup_bytes = reading.bytes});
    held_.push_back(std::move(reading));
  }

  void AddExternalJoin(size_t lookup, const join::ExternalJoinPlan& plan) {
    const PinnedTable& table = *inputs_.lookups[lookup];
    const int64_t long_value = table.read_memory(work_.rung).long_value_bytes;
    const auto lines_of = [&](size_t phase) {
      std::vector<MemoryLine> lines;
      if (long_value > 0 && phase != 1) {
        lines.push_back({fmt::format("{} out of core: a value that may be long", table.name()),
                         kSpilledCopies * work_.lanes * long_value});
      }
      for (const join::ExternalJoinLine& line : plan.phases[phase].lines) {
        if (line.bytes == 0) continue;
        lines.push_back({fmt::format("{} out of core: {}", table.name(), line.what), line.bytes});
      }
      return lines;
    };
    std::vector<MemoryLine> building = lines_of(0);
    building.push_back(ReadingLookup(table, work_.lanes));
    std::vector<MemoryLine> probing = lines_of(1);
    probing.push_back(ReadingKeys());
    plan_.lookups.push_back(
        {.lookup_bytes = building.back().bytes, .source_bytes = probing.back().bytes});
    const bool casts = inputs_.pipeline.lookups[lookup].casts_source();
    if (lookup > 0 || inputs_.pipeline.where || casts) probing.push_back(FilteringSource());
    Consider(std::move(building));
    Consider(std::move(probing));
    Consider(lines_of(2));
    std::ranges::move(lines_of(3), std::back_inserter(held_));
  }

  // With several lanes, a batch is merged while the one before it is derived and written. As Arrow
  // has it, a value may take a few bytes more than in the sort's form.
  int64_t MergeTransformBytes(const LaneBytes& lane) const {
    constexpr int64_t kValueBytes = 5;
    if (work_.lanes == 1) return lane.transform;
    return lane.transform + work_.sizes.batch_bytes +
           work_.sizes.batch_rows * kValueBytes * inputs_.pipeline.output_schema->num_fields();
  }

  void AllLanes(const LaneBytes& lane) {
    plan_.reading_bytes = work_.lanes * lane.reading;
    plan_.transform_bytes = work_.lanes * lane.transform;
  }

  std::vector<MemoryLine> ReadAndJoin() const {
    return {{InLanes(ReadingLine(inputs_.source), work_.lanes), plan_.reading_bytes},
            {InLanes("joined and derived columns", work_.lanes), plan_.transform_bytes}};
  }

  static std::vector<MemoryLine> With(const std::vector<sort::SortLine>& sorting,
                                      std::vector<MemoryLine> lines) {
    for (const sort::SortLine& line : sorting) lines.push_back({line.what, line.bytes});
    return lines;
  }

  MemoryLine ReadingLookup(const PinnedTable& table, int lanes) const {
    const parquet::ReadMemory& read = table.read_memory(work_.rung);
    return {InLanes(ReadingLine(table), lanes),
            lanes * (read.total_bytes() + read.largest_batch_bytes())};
  }

  // Of the source, what the keys are made from.
  MemoryLine ReadingKeys() const {
    return {InLanes("reading the source's keys: pages and batches", work_.lanes),
            work_.lanes * inputs_.source.spliced_read_memory(work_.rung).total_bytes()};
  }

  MemoryLine FilteringSource() const {
    const parquet::ReadMemory& read = inputs_.source.spliced_read_memory(work_.rung);
    return {InLanes("filtered and joined columns", work_.lanes),
            work_.lanes * TransformBytes(inputs_, work_.sizes, read.largest_batch_bytes())};
  }

  // A moment at which `lines` are needed besides what is held.
  void Consider(std::vector<MemoryLine> lines) {
    lines.insert(lines.begin(), held_.begin(), held_.end());
    const int64_t bytes = Sum(lines);
    if (bytes <= plan_.bound_bytes) return;
    plan_.lines = std::move(lines);
    plan_.bound_bytes = bytes;
  }

  const PlannedInputs& inputs_;
  const WorkPlan& work_;
  std::vector<MemoryLine> held_;
  MemoryPlan plan_;
};

}  // namespace

std::vector<WorkPlan> WaysToWork(int64_t working_bytes, int most_lanes) {
  std::vector<WorkPlan> ways;
  size_t rung = 0;
  for (int lanes = most_lanes; lanes >= 1; lanes /= 2) {
    for (const int64_t share : {working_bytes / lanes, working_bytes / lanes / 4}) {
      const WorkSizes sizes = SizesFor(share);
      ways.push_back({.lanes = lanes, .spools = false, .sizes = sizes, .rung = rung});
      ways.push_back({.lanes = lanes, .spools = true, .sizes = sizes, .rung = rung});
      ++rung;
    }
  }
  ways.push_back({.lanes = 1, .spools = true, .sizes = SizesFor(0), .rung = rung});
  return ways;
}

MemoryPlan PlanMemory(const PlannedInputs& inputs, const WorkPlan& work, const ExternalJoins& joins,
                      const std::optional<sort::SortPlan>& sort, int64_t overhead_bytes) {
  MomentPlanner planner(inputs, work, overhead_bytes);
  planner.AddJoins(joins);
  const LanePlan lane = PlanLane(inputs, work);
  MemoryPlan plan = sort ? planner.FinishSorted(lane.bytes, *sort) : planner.Finish(lane.bytes);
  plan.decode_sizes = lane.decode_sizes;
  return plan;
}

std::optional<sort::SortPlan> PlanSourceSort(const PlannedInputs& inputs, const WorkPlan& work,
                                             const ExternalJoins& joins, int64_t overhead_bytes,
                                             int64_t budget_bytes) {
  if (!inputs.in_key_order) return std::nullopt;
  MomentPlanner planner(inputs, work, overhead_bytes);
  planner.AddJoins(joins);
  return sort::PlanSort(SortInputsOf(inputs, work),
                        planner.SortBudgetOf(PlanLane(inputs, work).bytes, budget_bytes));
}

ExternalJoins PlanJoins(const PlannedInputs& inputs, const WorkPlan& work,
                        std::span<const size_t> external, int64_t overhead_bytes,
                        int64_t budget_bytes) {
  ExternalJoins joins(inputs.lookups.size());
  if (external.empty()) return joins;
  OutOfCoreJoin nothing;
  nothing.external.phases.resize(4);
  for (const size_t lookup : external) joins[lookup] = nothing;
  const auto smallest_sort = PlanSourceSort(inputs, work, joins, overhead_bytes, 0);
  int64_t free_bytes =
      budget_bytes - PlanMemory(inputs, work, joins, smallest_sort, overhead_bytes).bound_bytes;
  // The other half is the sort's.
  if (inputs.in_key_order) free_bytes /= 2;
  const int64_t share_bytes = free_bytes / static_cast<int64_t>(external.size());
  for (const size_t lookup : external) {
    const BoundLookup& bound = inputs.pipeline.lookups[lookup];
    const PinnedTable& table = *inputs.lookups[lookup];
    const int64_t reading_bytes = MomentPlanner(inputs, work, 0).ReadingRange(table).bytes;
    joins[lookup] = OutOfCoreJoin{};
    const int64_t most_bytes = std::min(share_bytes - reading_bytes, inputs.most_range_bytes);
    if (!inputs.in_key_order && most_bytes > 0) {
      joins[lookup]->ranges = CutKeyRanges(bound, inputs.source, table, inputs.pieces, most_bytes);
    }
    if (joins[lookup]->ranges) continue;
    joins[lookup]->external =
        PlanExternalLookup(bound, table, inputs.pieces, work.lanes, share_bytes);
  }
  return joins;
}

}  // namespace spillway::pipeline
