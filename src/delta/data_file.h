// A data file of a table's version, as the log describes it: where it is, how large, which
// partition, what its statistics say and which of its rows are deleted.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spillway::delta {

// Says where the set of deleted rows of one file is. Snapshot::DeletedRows reads it.
struct DeletionVector {
  std::string storage_type;    // "u" (a file of the table), "i" (inline) or "p" (an absolute path)
  std::string path_or_inline;  // as the log has it
  std::optional<int32_t> offset;  // byte offset in the file; none when inline
  int32_t size_bytes = 0;
  int64_t cardinality = 0;  // number of deleted rows
};

// Partition columns in the table's order: logical name and serialised value (none = null).
using PartitionValues = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct DataFile {
  std::string path;  // absolute local path inside the table's root, not URL-encoded
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;  // since 1970, UTC
  std::optional<int64_t>
      num_records;         // of the file, deleted rows included; none without statistics
  std::string stats_json;  // as the log has it (keys are PHYSICAL names); may be empty
  PartitionValues partition_values;
  std::optional<DeletionVector> deletion_vector;
};

}  // namespace spillway::delta
