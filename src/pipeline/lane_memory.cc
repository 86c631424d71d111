#include "pipeline/lane_memory.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <arrow/type_traits.h>

#include "base/saturating.h"
#include "base/units.h"
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
    for (const Projection& projection : lookup.payload()) {
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
  int64_t bytes = LookupRowBytes(inputs);
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
int64_t FewPagesBytes(int64_t rows, int64_t value_bytes) {
  return AddBytes(kSmallestBuffersBytes, MultiplyBytes(rows, AddBytes(11 * value_bytes, 24)));
}
int64_t FewEncodedBytes(int64_t rows, int64_t value_bytes) { return rows * 3 * (value_bytes + 1); }

// Bytes of a value of an output column where that is known: of a text those of an average one, if
// the texts were as long as can be.
std::optional<int64_t> ValueBytes(const PlannedInputs& inputs, size_t column) {
  const arrow::DataType& type =
      *inputs.pipeline.output_schema->field(static_cast<int>(column))->type();
  if (arrow::is_fixed_width(type.id())) return RowBytes(type, 0);
  const int source = inputs.unchanged[column];
  if (source < 0 || inputs.source.weighed_rows() == 0) return std::nullopt;
  const ColumnWeight& weight = inputs.source.weights()[static_cast<size_t>(source)];
  // No file has anything of a partition column.
  if (weight.compressed_bytes == 0) return std::nullopt;
  const int64_t mean = weight.most_value_bytes / inputs.source.weighed_rows() + 1;
  if (mean > kMiB) return std::nullopt;
  return RowBytes(type, mean);
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
    const bool are_few = rows <= kFewRows && parquet::IsEncodedByPage(type);
    const std::optional<int64_t> value_bytes = are_few ? ValueBytes(inputs, i) : std::nullopt;
    if (!value_bytes) {
      encoded.row_group_bytes = kNotKnown;
    } else {
      page_bytes = std::min(page_bytes, FewPagesBytes(rows, *value_bytes));
      encoded.row_group_bytes =
          AddBytes(encoded.row_group_bytes, FewEncodedBytes(rows, *value_bytes));
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

}  // namespace

int64_t LookupRowBytes(const PlannedInputs& inputs) {
  int64_t bytes = 0;
  ForEachLookupColumn(inputs, [&bytes](const Projection& projection, int64_t value_bytes) {
    bytes += RowBytes(*projection.field->type(), value_bytes);
  });
  return bytes;
}

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

}  // namespace spillway::pipeline
