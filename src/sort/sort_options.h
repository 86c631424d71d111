// What an external sort is given.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "spill/spill_directory.h"

namespace spillway::sort {

// How large the parts are in which a sort works; PlanSort finds them.
struct SortSizes {
  int64_t lane_bytes = 0;      // rows that a lane sorts at a time
  int64_t block_bytes = 0;     // of a sorted run, as it is spilled
  int64_t write_bytes = 0;     // collected for one write, for each lane
  int64_t resident_bytes = 0;  // blocks that stay in memory, of all lanes together
  int64_t merge_bytes = 0;     // to read runs that are merged
};

struct SortOptions {
  std::shared_ptr<arrow::Schema> schema;  // of the rows
  std::vector<int> key_columns;           // of the schema, in the order in which they count
  SortSizes sizes;
  bool compress = false;  // what is spilled, by LZ4
  spill::SpillDirectory* directory = nullptr;
  arrow::MemoryPool* pool = nullptr;
};

}  // namespace spillway::sort
