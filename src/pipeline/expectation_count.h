// How many rows met the pipeline's expectations.
//
// Thread rule: plain values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spillway::pipeline {

struct ExpectationCount {
  int64_t rows = 0;     // that were judged
  int64_t not_met = 0;  // of those
};

// By expectation of the pipeline.
using ExpectationCounts = std::vector<ExpectationCount>;

inline void AddCounts(const ExpectationCounts& more, ExpectationCounts* counts) {
  counts->resize(std::max(counts->size(), more.size()));
  for (size_t i = 0; i < more.size(); ++i) {
    (*counts)[i].rows += more[i].rows;
    (*counts)[i].not_met += more[i].not_met;
  }
}

}  // namespace spillway::pipeline
