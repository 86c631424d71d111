// What a pipeline needs the columns of its source for: to compute with, or only to hand them on.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstddef>
#include <vector>

#include "pipeline/bound_pipeline.h"

namespace spillway::pipeline {

// How much of a column is read. Of a column that is tested for NULL alone the values are not.
enum class ColumnUse { kNone, kNulls, kValues };

struct SourceUse {
  // By column of BoundPipeline::source_schema: what keys, filter and expressions read of it.
  std::vector<ColumnUse> computed;
  // By column of BoundPipeline::output_schema: the source column that it is, unchanged, or -1.
  std::vector<int> unchanged;
};

SourceUse UseOfSource(const BoundPipeline& pipeline);

// By column of BoundPipeline::source_schema: what the keys of the lookups up to `last_lookup` read
// of it, and the filter.
std::vector<ColumnUse> UseOfSourceKeys(const BoundPipeline& pipeline, size_t last_lookup);

}  // namespace spillway::pipeline
