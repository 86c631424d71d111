// The first phase of an external join: rows of the lookup go to the partitions of their keys.
//
// Thread rule: one thread; each lane has a writer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/row_encoder.h"
#include "join/runs.h"

namespace spillway::join {

struct ExternalJoinState;

class BuildWriter {
 public:
  // `state` must outlive the writer.
  static Result<std::unique_ptr<BuildWriter>> Make(ExternalJoinState* state);
  static int64_t EstimateBytes(uint32_t partitions, int64_t block_bytes, int64_t write_bytes,
                               bool compress);

  // Appends the rows of `batch`, whose first one has the number `first_row` in the lookup. Numbers
  // must rise from batch to batch of one writer; they say in which order a source row's matches
  // come. Rows with a NULL in their key are left out.
  Status Append(const arrow::RecordBatch& batch, int64_t first_row);

  // Hands all over to the join. After that the writer can only be destroyed.
  Status Finish();

 private:
  static constexpr int64_t kGroupRows = RowEncoder::kGroupRows;

  BuildWriter(ExternalJoinState* state, std::unique_ptr<RunWriter> runs);

  Status CheckBatch(const arrow::RecordBatch& batch, int64_t first_row) const;
  Status AppendGroup(const std::vector<const arrow::ArrayData*>& keys, int64_t first,
                     int64_t count);
  Status RouteGroup(int64_t first, int64_t count);

  ExternalJoinState* const state_;
  const std::unique_ptr<RunWriter> runs_;
  RowEncoder encoder_;
  std::vector<int> payload_columns_;
  int64_t next_row_ = 0;
  int64_t null_key_rows_ = 0;
  // Of a group.
  std::array<uint64_t, kGroupRows> hashes_;    // of all rows
  std::array<int64_t, kGroupRows> positions_;  // in the batch, of those without NULL keys
  std::array<int64_t, kGroupRows> sizes_;      // of the same
  std::array<uint8_t*, kGroupRows> rows_;      // where they go
};

}  // namespace spillway::join
