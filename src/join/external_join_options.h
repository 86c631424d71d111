// What an external join is given.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "join/matches.h"
#include "spill/spill_directory.h"

namespace spillway::join {

// How large the parts are in which an external join works; PlanExternalJoin finds them.
struct ExternalJoinSizes {
  int lanes = 1;
  int partition_bits = 0;         // 2^bits partitions by hash; at most 16
  int bucket_bits = 16;           // a bucket has at most 2^bits rows of the source
  int64_t build_block_bytes = 0;  // of one partition, while the lookup is read
  int64_t probe_block_bytes = 0;  // of one partition, while the source's keys are read
  int64_t match_block_bytes = 0;  // of one bucket, while the partitions are joined
  int64_t write_bytes = 0;        // collected for one write, for each lane
  int64_t join_bytes = 0;         // rows and hash table of a partition, for each lane
  int64_t bucket_bytes = 0;       // matches of a bucket, for each lane
  int64_t resident_bytes = 0;     // blocks that stay in memory, of all lanes together
};

struct ExternalJoinOptions {
  std::string name;                              // of the lookup, for errors
  std::shared_ptr<arrow::Schema> lookup_schema;  // of the batches that BuildWriter gets
  std::vector<int> key_columns;  // of the schema, in key order; all others are payload
  DuplicatePolicy duplicates = DuplicatePolicy::kExpand;
  std::optional<int> order_column = std::nullopt;  // as that of BuildOptions
  int64_t pieces = 0;                              // of the source, numbered from 0
  ExternalJoinSizes sizes;
  bool compress = false;  // what is spilled, by LZ4
  spill::SpillDirectory* directory = nullptr;
  arrow::MemoryPool* pool = nullptr;
  // For tests: hashes are cut down to these bits, so that different keys share one.
  uint64_t hash_mask = ~uint64_t{0};
};

}  // namespace spillway::join
