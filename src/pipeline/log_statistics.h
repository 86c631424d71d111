// What the log says of the values in one data file: an add action's statistics.
//
// They are taken at their word, as Spark takes them, but no further than all writers go: instants
// are cut to milliseconds there, long texts to their beginnings, and decimals of more than 15
// digits may have gone through a double. Floating-point numbers are left aside: some writers leave
// NaN out. Statistics that contradict themselves (more NULLs than rows, a minimum above the
// maximum, bounds of NULLs alone) say nothing.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "expression/possible_results.h"

namespace spillway::pipeline {

struct LoggedColumn {
  std::string physical_name;
  std::shared_ptr<arrow::DataType> type;
};

// Of each of these top-level columns what `statistics`, the JSON of an add action, says. Nothing is
// known of a column that it does not name, nor from JSON that cannot be read.
std::vector<expression::KnownColumn> ReadLogStatistics(const std::string& statistics,
                                                       const std::vector<LoggedColumn>& columns);

}  // namespace spillway::pipeline
