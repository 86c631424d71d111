// The two sides of a validation as streams of the same form: the rows that the pipeline gives for
// its pinned inputs, and those that the target holds.
//
// Columns that a row has from the source and from lookups are compared in all rows; derived ones,
// which take an evaluation to know, in a sample. Whether a row is in the sample, and in which
// bucket of rows a difference is looked for, its identity says: a hash of columns that tell rows
// apart and that are copied from the source, so that both sides choose the same rows whatever their
// order, files and chunks are.
//
// Thread rule: free functions and plain values; the comparison is immutable and outlives readers.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <arrow/array/array_base.h>

#include "base/status.h"
#include "pipeline/lookups.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {

// How rows are compared; columns are those of the output.
struct Comparison {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<expression::TimeDependence> dependence;
  std::vector<bool> is_derived;
  std::vector<int> identity;  // columns; none where no column of the source is left as it is
  // The rows whose identity, taken as a fraction of 2^64, is less than this are in the sample.
  double sampled_share = 1;

  size_t num_columns() const { return is_derived.size(); }
  bool has_derived() const;
  // Whether there are columns of which it is not known beforehand if they depend on the time.
  bool may_depend_on_time() const;
};

// Looks for the columns of the identity among the first rows of the source: the first one whose
// values there are all but different, keys of lookups before others; else all of them.
// `sample_rows` are aimed at, in a sample by the identity; 0: all. Where an expectation drops rows
// all are in it, for there is no other way to know which rows there are.
Result<Comparison> MakeComparison(const RunContext& context, const Piece& first_piece,
                                  const Moment& moment, int64_t sample_rows);

// A batch of one side.
struct ComparedRows {
  int64_t num_rows = 0;
  std::vector<uint64_t> identity;  // by row; empty where the comparison has none
  // The hashes of the values of the identity's column; empty where it is made of several, whose
  // hashes together would take memory.
  std::vector<uint64_t> identity_values;
  std::vector<int64_t> sampled;  // the rows in the sample, ascending
  arrow::ArrayVector compared;   // by column: all rows, or of derived ones those in the sample
  arrow::ArrayVector all;        // by column: all rows; null where they were not computed

  bool all_sampled() const { return static_cast<int64_t>(sampled.size()) == num_rows; }
};

using RowsVisitor = std::function<Status(const ComparedRows&)>;

// What the pipeline's parts did with the rows that came to them.
struct PipelineCounts {
  std::vector<LookupCounts> lookups;
  ExpectationCounts expectations;  // in the sample

  explicit PipelineCounts(const BoundPipeline& pipeline)
      : lookups(pipeline.lookups.size()), expectations(pipeline.expectations.size()) {}
  void Add(const PipelineCounts& other);
};

// What the pipeline gives for the source rows of `piece`; adds to `counts`. No row fails an
// expectation here, whatever its action is.
Status VisitExpected(const RunContext& context, const Lookups& lookups, const Piece& piece,
                     const Moment& moment, const Comparison& comparison, PipelineCounts* counts,
                     const RowsVisitor& visit);

// The rows of `target` with ordinals [first, end). `places` says, by column, where it stands in the
// target's read schema.
Status VisitStored(const RunContext& context, const PinnedTable& target, int64_t first, int64_t end,
                   const std::vector<int>& places, const Comparison& comparison,
                   const RowsVisitor& visit);

// The hashes of the rows of a batch as they are compared. A column that depends on the time counts
// by its NULLs alone.
struct RowHashes {
  std::vector<uint64_t> rows;
  // As if the columns depended on the time of which it is not known; empty where there are none.
  std::vector<uint64_t> timeless_rows;
};

// `visit` is shown the hashes of each column's compared values.
using HashesVisitor = std::function<void(size_t column, const std::vector<uint64_t>& hashes)>;

Result<RowHashes> HashRows(const Comparison& comparison, const ComparedRows& rows,
                           const HashesVisitor& visit);

}  // namespace spillway::pipeline
