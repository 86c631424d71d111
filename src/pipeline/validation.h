// Compares a target with what its pinned inputs and the pipeline give. With target.mode append the
// target had other rows before and may get more, so that only the files are compared that the run's
// commits added, as they are now (deleted rows are missing); else the whole table. Where the run's
// rows were moved to other files (OPTIMIZE), they cannot be told from others': then the whole table
// is compared, and a difference is no verdict but an error.
//
// All rows are joined again, without being written; derived columns are computed again for a sample
// of the rows, or for all of them. Both sides are compared as multisets: column by column, so that
// a report can name the column, and whole rows, so that values cannot have changed places. A single
// changed bit in what is compared shows. Where the sides differ, both are read a second time, to
// find out how many rows differ, and in what. Columns that depend on when a chunk was computed are
// compared by their NULLs alone: those of current_timestamp() and current_date(), and, where a text
// that was cast to TIMESTAMP turned out to be a time of today ('12:30:00'), all that such casts
// make.
//
// Thread rule: one thread, which starts the plan's lanes; `progress` and `stop` as in Run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/row_difference.h"
#include "pipeline/stages.h"
#include "pipeline/value_summary.h"

namespace spillway::pipeline {

// What the values of a column are like on one side.
struct ColumnProfile {
  int64_t rows = 0;
  int64_t nulls = 0;
  std::vector<ValueCount> values;  // where they are few, the most frequent first
  std::optional<ValueRange> range;
};

struct ColumnComparison {
  std::string name;
  bool depends_on_time = false;  // only NULLs are compared
  bool sampled = false;          // derived, and not compared in all rows
  bool equal = false;
  int64_t expected_nulls = 0;  // in the rows that are compared
  int64_t stored_nulls = 0;
  int64_t changed_rows = 0;               // as RowDifferences::changed_by_column
  std::optional<ColumnProfile> stored;    // of all rows
  std::optional<ColumnProfile> expected;  // of the rows that were computed
};

struct LookupComparison {
  std::string name;
  LookupCounts counts;  // of the rows that come to it
};

struct ValidationReport {
  bool whole_table = true;  // or the files that the run appended
  int64_t expected_rows = 0;
  int64_t stored_rows = 0;
  int64_t expected_sampled_rows = 0;  // in which derived columns are compared
  int64_t stored_sampled_rows = 0;
  std::vector<std::string> identity;  // the columns by which they were chosen
  bool rows_equal = false;            // as whole rows, of all that is compared
  std::vector<LookupComparison> lookups;
  ExpectationCounts expectations;  // of the rows that the pipeline gives, in the sample
  bool meets_expectations = true;  // all of those whose action is to fail
  std::vector<ColumnComparison> columns;
  std::optional<RowDifferences> differences;  // where the rows are not equal
  int64_t target_version = 0;
  double seconds = 0;
  int64_t peak_memory_bytes = 0;

  bool equal() const;
  bool passed() const { return equal() && meets_expectations; }
};

struct ValidationOptions {
  // About how many rows derived columns are computed again for; 0: all.
  int64_t sample_rows = 1'000'000;
};

// Errors: kTableNotFound where there is no target, kValidationDiffers where the target does not
// hold a finished run of this plan or another writer removed files of it, kFeatureNotBuilt where
// the time decides which rows there are or the run's rows cannot be told from others',
// kVersionNotFound where the log does not tell which files are the run's, and those of Run but for
// commits. A difference is a report, no error.
Result<ValidationReport> Validate(const Plan& plan, Progress* progress, const StopSignal& stop,
                                  const ValidationOptions& options = {});

}  // namespace spillway::pipeline
