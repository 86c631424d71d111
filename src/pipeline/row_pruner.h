// Which files and row groups hold no row that a condition keeps, by what is known before they are
// read: partition values, the log's statistics, and the bounds in footers.
//
// Partition values are the data. A file that they rule out is left out, as Spark leaves it out,
// also where the condition would have failed on one of its rows. Statistics are what a writer says
// of the data: by them rows are left out only where the condition can neither be true nor fail, so
// that it shows nowhere, and of footers' statistics only bounds are used, not counts of NULLs.
//
// Thread rule: immutable. What it is made from outlives it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "delta/snapshot.h"
#include "expression/expression.h"
#include "expression/possible_results.h"
#include "parquet/reader.h"
#include "pipeline/log_statistics.h"
#include "pipeline/pinned_table.h"

namespace spillway::pipeline {

class RowPruner {
 public:
  // Which rows of a file a condition keeps, as far as that is known.
  enum class Keeps : uint8_t { kNone, kSome, kAll };

  // `condition` reads columns of `snapshot`: `columns` says which one each of its numbers is.
  // Without `trusts_statistics` only partition values count.
  RowPruner(const expression::BoundExpression& condition, const delta::Snapshot& snapshot,
            const std::vector<int>& columns, bool trusts_statistics);

  // kAll only by partition values.
  Keeps OfFile(const delta::DataFile& file) const;

  // Marks those of the row groups that are left out; `reader` is of these of the file. Errors:
  // those of FileReader::StatisticsOf.
  Status LeaveOut(const delta::DataFile& file, const parquet::FileReader& reader,
                  std::span<PinnedRowGroup> row_groups) const;

 private:
  std::vector<expression::KnownColumn> PartitionValues(const delta::DataFile& file) const;
  expression::PossibleResults ResultsFor(const std::vector<expression::KnownColumn>& known) const;

  const expression::BoundExpression& condition_;
  const delta::Snapshot& snapshot_;
  const bool trusts_statistics_;
  std::vector<int> columns_;          // of the snapshot, as condition_.columns()
  std::vector<LoggedColumn> logged_;  // the same
  std::vector<bool> is_partition_;    // the same
  bool has_partition_ = false;
  bool has_other_ = false;
};

}  // namespace spillway::pipeline
