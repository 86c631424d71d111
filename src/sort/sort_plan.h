// How large the parts of an external sort are to be, and what it takes at most, before a row is
// read.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sort/merged_rows.h"
#include "sort/sort_options.h"

namespace spillway::sort {

// What is known of the rows.
struct SortInputs {
  int64_t rows = 0;
  int64_t row_bytes = 0;  // of one, on average: its values
  int64_t key_bytes = 0;  // of those, of its key
  BatchLimits batches;    // in which the rows come out
  int lanes = 1;
  bool compress = false;
};

// What one moment may take.
struct SortBudget {
  int64_t sorting_bytes = 0;  // while the lanes write
  int64_t merging_bytes = 0;
};

struct SortLine {
  std::string what;
  int64_t bytes = 0;
};

struct SortPlan {
  SortSizes sizes;
  std::vector<SortLine> sorting;  // what is held while the lanes write
  std::vector<SortLine> merging;
  int64_t spilled_bytes = 0;  // about what goes to the disk, before it is compressed
};

// The plan for a budget. Where that is too small, the smallest sort is planned, which takes more.
// It leaves out what the batches take that come out. A row that is longer than `lane_bytes`, or
// than a batch, takes its length once more.
SortPlan PlanSort(const SortInputs& inputs, const SortBudget& budget);

}  // namespace spillway::sort
