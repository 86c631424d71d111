// The second phase of an external join: of each row of the source its number goes to the partition
// of its key.
//
// Thread rule: one thread; each lane has a writer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/runs.h"

namespace spillway::join {

struct ExternalJoinState;

class ProbeWriter {
 public:
  // `state` must outlive the writer.
  static Result<std::unique_ptr<ProbeWriter>> Make(ExternalJoinState* state);
  static int64_t EstimateBytes(uint32_t partitions, int64_t block_bytes, int64_t write_bytes,
                               bool compress);

  // Starts a piece, of which no other writer gets any row; the one before it is complete.
  Status StartPiece(int64_t piece);

  // Appends the next rows of the piece: arrays of one length and of the lookup's key types
  // (kKeyTypeMismatch otherwise). Rows with a NULL in their key are counted, but match nothing.
  Status Append(const arrow::ArrayVector& keys);

  // Hands all over to the join. After that the writer can only be destroyed.
  Status Finish();

 private:
  static constexpr int64_t kGroupRows = 512;

  ProbeWriter(ExternalJoinState* state, std::unique_ptr<RunWriter> runs);

  Status AppendGroup(const std::vector<const arrow::ArrayData*>& keys, int64_t first,
                     int64_t count);
  void EndPiece();

  ExternalJoinState* const state_;
  const std::unique_ptr<RunWriter> runs_;
  arrow::DataTypeVector key_types_;
  int64_t piece_ = -1;
  int64_t piece_rows_ = 0;
  // Of a group.
  std::array<uint64_t, kGroupRows> hashes_;    // of all rows
  std::array<int64_t, kGroupRows> positions_;  // in the batch, of those without NULL keys
};

}  // namespace spillway::join
