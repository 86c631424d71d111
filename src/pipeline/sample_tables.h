// Sample data: a bronze table of accident images and the predictions for most of them, as Delta
// tables of any size. The same arguments give the same files, byte for byte, but for the random
// part of their names; how many threads wrote them does not matter.
//
// Thread rule: free functions; one call per folder at a time.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "pipeline/progress.h"

namespace spillway::pipeline {

struct SampleOptions {
  std::string folder;  // absolute; gets bronze_accident and predictions
  int64_t rows = 0;
  int64_t content_bytes = 96;
  double match_rate = 0.9;  // of the bronze rows have a prediction
  uint64_t seed = 1;
  int64_t rows_per_file = 1'000'000;  // fewer where they are large
  int lanes = 0;  // threads, each with a file of its own; 0 = as many as cores and memory allow
};

struct SampleReport {
  int64_t bronze_rows = 0;
  int64_t prediction_rows = 0;
  int64_t bytes = 0;
  double seconds = 0;
};

// Errors: kTargetExists where one of the tables is there already, and those of TableWriter and
// delta::Commit. Status::Cancelled when `stop` asks for it; then neither table is there.
Result<SampleReport> WriteSampleTables(const SampleOptions& options, Progress* progress,
                                       const StopSignal& stop);

}  // namespace spillway::pipeline
