// How a run writes its data files.
//
// Thread rule: a free function.
#pragma once

#include <arrow/memory_pool.h>

#include "parquet/writer.h"
#include "pipeline/plan.h"

namespace spillway::pipeline {

// Columns that the pipeline leaves alone keep the codec that they have; the others get the one that
// the pipeline file says.
parquet::WriteOptions WriteOptionsFor(const Plan& plan, const WorkSizes& sizes,
                                      arrow::MemoryPool* pool);

}  // namespace spillway::pipeline
