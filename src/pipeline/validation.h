// Compares a target with what its pinned inputs and the pipeline give. With target.mode append the
// target had other rows before and may get more, so that only the files are compared that the run's
// commits added, as they are now (deleted rows are missing); else the whole table. Where the run's
// rows were moved to other files (OPTIMIZE), they cannot be told from others': then the whole table
// is compared, and a difference is no verdict but an error. All rows are computed again, without
// being written, and both sides are compared as multisets: column by column, so that a report can
// name the column, and whole rows, so that values cannot have changed places. A single changed bit
// shows. Columns that depend on when a chunk was computed are compared by their NULLs alone: those
// of current_timestamp() and current_date(), and, where a text that was cast to TIMESTAMP turned
// out to be a time of today ('12:30:00'), all that such casts make.
//
// Thread rule: one thread; `progress` and `stop` as in Run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"

namespace spillway::pipeline {

struct ColumnComparison {
  std::string name;
  bool depends_on_time = false;  // only the number of NULLs is compared
  bool equal = false;
  int64_t expected_nulls = 0;
  int64_t stored_nulls = 0;
};

struct ValidationReport {
  bool whole_table = true;  // or the files that the run appended
  int64_t expected_rows = 0;
  int64_t stored_rows = 0;
  bool rows_equal = false;  // as whole rows, of the columns that do not depend on time
  std::vector<ColumnComparison> columns;
  int64_t target_version = 0;
  double seconds = 0;
  int64_t peak_memory_bytes = 0;

  bool equal() const;
};

// Errors: kTableNotFound where there is no target, kValidationDiffers where the target does not
// hold a finished run of this plan or another writer removed files of it, kFeatureNotBuilt where
// the time decides which rows there are or the run's rows cannot be told from others',
// kVersionNotFound where the log does not tell which files are the run's, and those of Run but for
// commits. A difference is a report, no error.
Result<ValidationReport> Validate(const Plan& plan, Progress* progress, const StopSignal& stop);

}  // namespace spillway::pipeline
